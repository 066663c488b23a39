#include "cli/job_rate.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace paceline::cli {
namespace {

v1::RunSummary Summary(double iterations) {
  v1::RunSummary summary;
  summary.set_iterations(iterations);
  summary.set_bytes_pushed(1000 * iterations);
  summary.set_bytes_pulled(3000 * iterations);
  return summary;
}

TEST_CASE("a straight line has its slope, wherever it begins") {
  JobRate rate;
  for (int i = 0; i < 4; ++i) rate.Add(absl::Seconds(100 + 2 * i), Summary(5000 + 14 * i));
  CHECK(rate.Slope().iterations == Approx(7));
  CHECK(rate.Slope().pushed_bytes == Approx(7000));
  CHECK(rate.Slope().pulled_bytes == Approx(21000));
  CHECK(rate.changes() == 4);
}

TEST_CASE("counts that arrive in stairs once a second") {
  // 40 a second, heard of up to a second late: the ends alone may be 4 wrong in 10 seconds.
  JobRate rate;
  for (int tenth = 0; tenth < 97; ++tenth) {
    rate.Add(absl::Milliseconds(100 * tenth), Summary(40 * std::floor(tenth / 10.0)));
  }
  CHECK(rate.changes() == 10);
  CHECK(rate.Slope().iterations == Approx(40).epsilon(0.03));
}

TEST_CASE("no rate without two moments") {
  JobRate rate;
  CHECK(rate.Slope().iterations == 0);
  CHECK(rate.changes() == 0);
  rate.Add(absl::Seconds(1), Summary(5));
  CHECK(rate.Slope().iterations == 0);
  rate.Add(absl::Seconds(1), Summary(9));
  CHECK(rate.Slope().iterations == 0);
  CHECK(rate.changes() == 2);
  rate.Add(absl::Seconds(2), Summary(9));
  CHECK(rate.changes() == 2);
}

}  // namespace
}  // namespace paceline::cli
