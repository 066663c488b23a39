#include "worker/core/models/bias.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

TEST_CASE("a bias is in every row, or added to it") {
  Floats out = {9, 9, 9, 9};
  FillWithBias(Floats{1, 2}, absl::MakeSpan(out));
  CHECK(out == Floats{1, 2, 1, 2});
  AddBias(Floats{10, 20}, absl::MakeSpan(out));
  CHECK(out == Floats{11, 22, 11, 22});
  FillWithBias(Floats{1, 2}, {});
  AddBias(Floats{1, 2}, {});
}

TEST_CASE("the gradient of a bias is a sum over rows") {
  TableRows gradient = {.keys = {1}, .rows = {9, 9, 9}};
  BiasGradient(Floats{1, 2, 3, 4, 5, 6}, 2, &gradient);
  CHECK(gradient.keys.empty());
  CHECK(gradient.rows == TensorFloats{9, 12});
  BiasGradient({}, 3, &gradient);
  CHECK(gradient.rows == TensorFloats{0, 0, 0});
  Floats sum = {100, 200};
  AddBiasGradient(Floats{1, 2, 3, 4}, absl::MakeSpan(sum));
  CHECK(sum == Floats{104, 206});
}

}  // namespace
}  // namespace paceline::worker
