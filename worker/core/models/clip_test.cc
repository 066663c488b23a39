#include "worker/core/models/clip.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace paceline::worker {
namespace {

std::vector<v1::TableSpec> Tables() {
  std::vector<v1::TableSpec> tables(4);
  tables[0].set_name("counts");
  tables[0].set_dim(1);
  tables[0].mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADD);
  tables[3].set_name("sums");
  tables[3].set_dim(1);
  tables[3].mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_SUM);
  tables[1].set_name("dense");
  tables[1].set_dim(2);
  tables[2].set_name("sparse");
  tables[2].set_dim(3);
  return tables;
}

Gradients Random(uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Gradients gradients(4);
  gradients[0].rows = {1000, 1000};
  gradients[3].rows = {2000};
  gradients[1].rows.resize(2 * 31);
  gradients[2].keys = {5, 8, 1000};
  gradients[2].rows.resize(3 * 3);
  for (size_t t : {1, 2}) {
    for (float& value : gradients[t].rows) value = normal(random);
  }
  return gradients;
}

double PlainNorm(const Gradients& gradients) {
  double sum = 0;
  for (size_t t : {1, 2}) {
    for (const float value : gradients[t].rows) sum += double{value} * value;
  }
  return std::sqrt(sum);
}

TEST_CASE("the norm is over all tables together, but those that only add") {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const Gradients gradients = Random(seed);
    CHECK(GradientNorm(Tables(), gradients) == Approx(PlainNorm(gradients)).epsilon(1e-12));
  }
}

TEST_CASE("a gradient beyond the norm is scaled down to it, one within stays as it is") {
  for (const double to_mean : {1.0, 4.0}) {
    const Gradients before = Random(3);
    Gradients after = before;
    const double norm = to_mean * PlainNorm(before);
    CHECK(ClipByNorm(norm * 1.001, to_mean, Tables(), &after) == Approx(norm));
    for (size_t t = 0; t < 3; ++t) CHECK(after[t].rows == before[t].rows);
    CHECK(ClipByNorm(norm / 10, to_mean, Tables(), &after) == Approx(norm));
    CHECK(to_mean * PlainNorm(after) == Approx(norm / 10).epsilon(1e-6));
    CHECK(after[0].rows == before[0].rows);
    CHECK(after[1].rows[7] == Approx(before[1].rows[7] / 10));
    CHECK(after[2].keys == before[2].keys);
  }
}

TEST_CASE("a gradient of zeros, and of nothing") {
  Gradients gradients(Tables().size());
  CHECK(ClipByNorm(1, 1, Tables(), &gradients) == 0);
  gradients[1].rows.resize(4);
  CHECK(ClipByNorm(1, 1, Tables(), &gradients) == 0);
  CHECK(gradients[1].rows == TensorFloats(4, 0.0f));
  CHECK_FALSE(FindNonFinite(Tables(), gradients).has_value());
}

TEST_CASE("a value that is not finite is found by table, row and column, and not clipped") {
  const float inf = std::numeric_limits<float>::infinity();
  Gradients gradients = Random(4);
  CHECK_FALSE(FindNonFinite(Tables(), gradients).has_value());
  gradients[2].rows[7] = std::nanf("");
  std::optional<NonFiniteValue> found = FindNonFinite(Tables(), gradients);
  REQUIRE(found.has_value());
  CHECK(found->ToString() == "table sparse, row 1000, column 1: nan");
  gradients[1].rows[5] = -inf;
  found = FindNonFinite(Tables(), gradients);
  REQUIRE(found.has_value());
  CHECK(found->ToString() == "table dense, row 2, column 1: -inf");
  const Gradients before = gradients;
  CHECK_FALSE(std::isfinite(ClipByNorm(0.001, 1, Tables(), &gradients)));
  CHECK(gradients[1].rows[0] == before[1].rows[0]);
  // Tables that add are not clipped, but must be finite all the same.
  gradients = Random(4);
  gradients[0].rows[1] = inf;
  found = FindNonFinite(Tables(), gradients);
  REQUIRE(found.has_value());
  CHECK(found->table == "counts");
}

TEST_CASE("values near the limit of float32 are finite") {
  Gradients gradients = Random(4);
  gradients[1].rows[0] = std::numeric_limits<float>::max();
  CHECK_FALSE(FindNonFinite(Tables(), gradients).has_value());
  CHECK(std::isfinite(GradientNorm(Tables(), gradients)));
}

}  // namespace
}  // namespace paceline::worker
