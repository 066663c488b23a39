#include "worker/core/task/gradient_guard.h"

#include <catch2/catch.hpp>
#include <limits>

namespace paceline::worker {
namespace {

std::vector<v1::TableSpec> Tables() {
  std::vector<v1::TableSpec> tables(3);
  tables[1].mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADD);
  return tables;
}

Gradients Some() { return {{{}, {3, 0}}, {{}, {100}}, {{7, 9}, {0, 4}}}; }

TEST_CASE("The norm is taken over all tables but those that are added to") {
  const std::vector<v1::TableSpec> tables = Tables();
  v1::TrainSpec train;
  train.mutable_optimizer()->set_clip_norm(2.5);
  const GradientGuard guard(train, tables);
  CHECK(guard.needs_whole());
  Gradients gradients = Some();
  CHECK(guard.ClipNorm(1, &gradients) == Approx(0.5));
  CHECK(gradients[0].rows == std::vector<float>{1.5f, 0});
  CHECK(gradients[1].rows == std::vector<float>{100});
  CHECK(gradients[2].rows == std::vector<float>{0, 2});

  // A share of a round's mean: the rank's own mean is twice as large.
  gradients = Some();
  CHECK(guard.ClipNorm(2, &gradients) == Approx(0.25));
  // Within the norm: untouched.
  gradients = Some();
  CHECK(guard.ClipNorm(0.5, &gradients) == 1);
  CHECK(gradients[0].rows == Some()[0].rows);
}

TEST_CASE("Without clip_norm nothing is scaled") {
  const std::vector<v1::TableSpec> tables = Tables();
  const GradientGuard guard(v1::TrainSpec(), tables);
  CHECK_FALSE(guard.needs_whole());
  Gradients gradients = Some();
  CHECK(guard.ClipNorm(1, &gradients) == 1);
}

TEST_CASE("The first table with a value that is not finite is found") {
  const std::vector<v1::TableSpec> tables = Tables();
  v1::TrainSpec train;
  train.set_on_non_finite(v1::NON_FINITE_POLICY_SKIP);
  const GradientGuard guard(train, tables);
  CHECK(guard.needs_whole());
  CHECK(guard.skip_non_finite());
  CHECK_FALSE(guard.FindNonFinite(Some()).has_value());
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    Gradients gradients = Some();
    gradients[2].rows[1] = bad;
    CHECK(guard.FindNonFinite(gradients) == 2u);
    gradients[0].rows[0] = bad;
    CHECK(guard.FindNonFinite(gradients) == 0u);
  }
}

}  // namespace
}  // namespace paceline::worker
