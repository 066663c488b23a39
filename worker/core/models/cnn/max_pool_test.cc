#include "worker/core/models/cnn/max_pool.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

TEST_CASE("the greatest of each window, channel by channel; what fills no window is left out") {
  // Two channels; the second is the first, negated.
  const ConvBlock block = {.in = {}, .convolved = {2, 3, 5}, .out = {2, 1, 2}, .pool = 2};
  const Floats plane = {1, 2, 3,  4, 99,  //
                        5, 0, -7, 4, 99,  //
                        9, 9, 9,  9, 99};
  Floats in;
  for (const float value : plane) {
    in.push_back(value);
    in.push_back(-value);
  }
  for (const float value : plane) {
    in.push_back(value + 100);
    in.push_back(-value - 100);
  }
  MaxPool pool(block);
  Floats out;
  pool.Forward(2, in, &out);
  CHECK(out == Floats{5, 0, 4, 7, 105, -100, 104, -93});
  Floats gradient = {7};
  pool.Backward(2, Floats{1, 2, 3, 4, 5, 6, 7, 8}, &gradient);
  Floats wanted(in.size(), 0);
  wanted[5 * 2] = 1;      // 5
  wanted[6 * 2 + 1] = 2;  // 0
  wanted[3 * 2] = 3;      // the first 4 of two
  wanted[7 * 2 + 1] = 4;  // 7
  for (size_t i = 0; i < 15; ++i) {
    for (const size_t c : {0, 1}) {
      if (wanted[i * 2 + c] != 0) wanted[(15 + i) * 2 + c] = wanted[i * 2 + c] + 4;
    }
  }
  CHECK(gradient == wanted);
}

TEST_CASE("windows of one pixel change nothing") {
  const ConvBlock block = {.in = {}, .convolved = {1, 2, 2}, .out = {1, 2, 2}, .pool = 1};
  MaxPool pool(block);
  Floats out;
  pool.Forward(1, Floats{1, 2, 3, 4}, &out);
  CHECK(out == Floats{1, 2, 3, 4});
  Floats gradient;
  pool.Backward(1, Floats{5, 6, 7, 8}, &gradient);
  CHECK(gradient == Floats{5, 6, 7, 8});
}

TEST_CASE("a NaN stays seen, wherever it is in its window") {
  const ConvBlock block = {.in = {}, .convolved = {1, 2, 2}, .out = {1, 1, 1}, .pool = 2};
  for (size_t place = 0; place < 4; ++place) {
    Floats in = {1, 2, 3, 4};
    in[place] = NAN;
    MaxPool pool(block);
    Floats out;
    pool.Forward(1, in, &out);
    CHECK(std::isnan(out[0]));
  }
}

}  // namespace
}  // namespace paceline::worker
