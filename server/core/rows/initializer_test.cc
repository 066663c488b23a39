#include "server/core/rows/initializer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::server {
namespace {

constexpr uint32_t kDim = 50;

v1::TableSpec Table(v1::InitializerKind kind, float scale) {
  v1::TableSpec table;
  table.set_name("weights");
  table.set_kind(v1::TABLE_KIND_SPARSE);
  table.set_dim(kDim);
  table.mutable_initializer()->set_kind(kind);
  table.mutable_initializer()->set_scale(scale);
  return table;
}

std::vector<float> Row(const v1::TableSpec& table, uint64_t seed, uint64_t row) {
  const auto initializer = Initializer::Create(table, seed);
  REQUIRE_OK(initializer);
  std::vector<float> values(table.dim());
  initializer->Fill(row, values.data());
  return values;
}

struct Moments {
  double mean = 0, deviation = 0, kurtosis = 0, low = 0, high = 0;
};

Moments Measure(const v1::TableSpec& table) {
  std::vector<float> all;
  for (uint64_t row = 0; row < 2000; ++row) {
    const std::vector<float> values = Row(table, 1, row);
    all.insert(all.end(), values.begin(), values.end());
  }
  Moments m;
  for (const float v : all) m.mean += v / static_cast<double>(all.size());
  double second = 0, fourth = 0;
  for (const float v : all) {
    second += std::pow(v - m.mean, 2) / static_cast<double>(all.size());
    fourth += std::pow(v - m.mean, 4) / static_cast<double>(all.size());
  }
  m.deviation = std::sqrt(second);
  m.kurtosis = fourth / (second * second);
  m.low = *std::min_element(all.begin(), all.end());
  m.high = *std::max_element(all.begin(), all.end());
  return m;
}

TEST_CASE("Zeros and constants") {
  CHECK(Row(Table(v1::INITIALIZER_KIND_UNSPECIFIED, 5), 1, 1) == std::vector<float>(kDim, 0));
  CHECK(Row(Table(v1::INITIALIZER_KIND_ZEROS, 5), 1, 1) == std::vector<float>(kDim, 0));
  CHECK(Row(Table(v1::INITIALIZER_KIND_CONSTANT, -5), 1, 1) == std::vector<float>(kDim, -5));
}

// 100,000 samples: the mean is within 4 / sqrt(100,000) = 0.013 deviations.
TEST_CASE("Uniform values fill their interval") {
  v1::TableSpec xavier = Table(v1::INITIALIZER_KIND_XAVIER, 9);
  xavier.set_fan_in(784);
  xavier.set_fan_out(256);
  struct Case {
    v1::TableSpec table;
    double half;
  };
  for (const Case& c : {Case{Table(v1::INITIALIZER_KIND_UNIFORM, 0.5f), 0.5},
                        Case{xavier, std::sqrt(6.0 / 1040)}}) {
    const Moments m = Measure(c.table);
    CHECK(std::abs(m.mean) < 0.013 * c.half);
    CHECK(m.deviation == Approx(c.half / std::sqrt(3.0)).epsilon(0.01));
    CHECK(m.low >= -c.half * (1 + 1e-6));
    CHECK(m.low < -0.999 * c.half);
    CHECK(m.high <= c.half * (1 + 1e-6));
    CHECK(m.high > 0.999 * c.half);
  }
}

TEST_CASE("Normal values have their deviation") {
  v1::TableSpec he = Table(v1::INITIALIZER_KIND_HE, 9);
  he.set_fan_in(784);
  struct Case {
    v1::TableSpec table;
    double deviation;
  };
  for (const Case& c :
       {Case{Table(v1::INITIALIZER_KIND_NORMAL, 0.01f), 0.01}, Case{he, std::sqrt(2.0 / 784)}}) {
    const Moments m = Measure(c.table);
    CHECK(std::abs(m.mean) < 0.013 * c.deviation);
    CHECK(m.deviation == Approx(c.deviation).epsilon(0.01));
    CHECK(m.kurtosis == Approx(3).epsilon(0.05));
  }
}

TEST_CASE("A row depends on seed, table name and row, and on nothing else") {
  const v1::TableSpec table = Table(v1::INITIALIZER_KIND_NORMAL, 1);
  const std::vector<float> row = Row(table, 1, 7);
  CHECK(Row(table, 1, 7) == row);
  CHECK(Row(table, 2, 7) != row);
  CHECK(Row(table, 1, 8) != row);
  v1::TableSpec other = table;
  other.set_name("weights2");
  CHECK(Row(other, 1, 7) != row);
  v1::TableSpec same = table;
  same.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAM);
  same.set_rows(100);
  same.set_kind(v1::TABLE_KIND_DENSE);
  CHECK(Row(same, 1, 7) == row);
  CHECK(std::count(row.begin(), row.end(), row[0]) == 1);
}

TEST_CASE("Initial values never change between versions") {
  const std::vector<float> uniform = Row(Table(v1::INITIALIZER_KIND_UNIFORM, 1), 1, 7);
  const std::vector<float> normal = Row(Table(v1::INITIALIZER_KIND_NORMAL, 1), 1, 7);
  CHECK(uniform[0] == -0.1150591373f);
  CHECK(uniform[49] == 0.140119195f);
  CHECK(normal[0] == -0.1447086036f);
  CHECK(normal[49] == 0.1765260249f);
}

TEST_CASE("Initializers that cannot be are refused") {
  struct Case {
    v1::TableSpec table;
    std::string part;
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Case cases[] = {
      {Table(v1::INITIALIZER_KIND_CONSTANT, nan), "scale must be finite"},
      {Table(v1::INITIALIZER_KIND_CONSTANT, INFINITY), "scale must be finite"},
      {Table(v1::INITIALIZER_KIND_UNIFORM, -1), "\"weights\": initializer: scale must be 0 to"},
      {Table(v1::INITIALIZER_KIND_UNIFORM, nan), "scale must be 0 to"},
      {Table(v1::INITIALIZER_KIND_NORMAL, 1e38f), "scale must be 0 to"},
      {Table(v1::INITIALIZER_KIND_XAVIER, 0), "fan_in + fan_out"},
      {Table(v1::INITIALIZER_KIND_HE, 0), "fan_in"},
      {Table(static_cast<v1::InitializerKind>(77), 0), "77"},
  };
  for (const Case& c : cases) {
    CHECK_STATUS(Initializer::Create(c.table, 1), absl::StatusCode::kInvalidArgument, c.part);
  }
}

}  // namespace
}  // namespace paceline::server
