#include "worker/core/models/cnn/conv_layer.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "absl/types/span.h"

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

Floats Random(uint64_t size, std::mt19937* random) {
  Floats values(size);
  for (float& value : values) value = std::uniform_real_distribution<float>(-1, 1)(*random);
  return values;
}

struct Products {
  std::vector<double> out;
  std::vector<double> weight_gradient;
  std::vector<double> in_gradient;
};

// Every product of a pixel, a weight and a place, from the definition.
Products Plain(const ConvBlock& b, uint64_t n, const Floats& in, const Floats& weight,
               const Floats& gradient) {
  Products p{std::vector<double>(gradient.size(), 0), std::vector<double>(weight.size(), 0),
             std::vector<double>(in.size(), 0)};
  const uint64_t made = b.convolved.channels;
  for (uint64_t i = 0; i < n; ++i) {
    for (int64_t y = 0; y < b.convolved.height; ++y) {
      for (int64_t x = 0; x < b.convolved.width; ++x) {
        for (int64_t ky = 0; ky < b.kernel; ++ky) {
          for (int64_t kx = 0; kx < b.kernel; ++kx) {
            const int64_t iy = y * b.stride + ky - b.kernel / 2;
            const int64_t ix = x * b.stride + kx - b.kernel / 2;
            if (iy < 0 || ix < 0 || iy >= b.in.height || ix >= b.in.width) continue;
            for (uint64_t c = 0; c < b.in.channels; ++c) {
              const uint64_t from = ((i * b.in.height + iy) * b.in.width + ix) * b.in.channels + c;
              const uint64_t row = (ky * b.kernel + kx) * b.in.channels + c;
              for (uint64_t m = 0; m < made; ++m) {
                const uint64_t to =
                    ((i * b.convolved.height + y) * b.convolved.width + x) * made + m;
                const double w = weight[row * made + m];
                p.out[to] += in[from] * w;
                p.weight_gradient[row * made + m] += static_cast<double>(in[from]) * gradient[to];
                p.in_gradient[from] += gradient[to] * w;
              }
            }
          }
        }
      }
    }
  }
  return p;
}

void CheckNear(const Floats& got, const std::vector<double>& wanted) {
  REQUIRE(got.size() == wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    REQUIRE(got[i] == Approx(wanted[i]).epsilon(1e-4).margin(2e-4));
  }
}

TEST_CASE("products of columns are the convolution and its gradients") {
  std::mt19937 random(1);
  const ConvBlock blocks[] = {
      {.in = {1, 5, 4}, .convolved = {3, 5, 4}, .kernel = 3, .stride = 1},
      {.in = {2, 7, 6}, .convolved = {5, 4, 3}, .kernel = 5, .stride = 2},
      {.in = {4, 3, 3}, .convolved = {1, 1, 1}, .kernel = 1, .stride = 3},
      // More columns than one piece takes.
      {.in = {8, 40, 41}, .convolved = {2, 40, 41}, .kernel = 7, .stride = 1},
  };
  for (const ConvBlock& block : blocks) {
    for (const uint64_t n : {0, 1, 3}) {
      INFO("kernel " << block.kernel << ", n " << n);
      const Floats in = Random(n * block.in.values(), &random);
      const Floats weight = Random(block.weight_rows() * block.convolved.channels, &random);
      const Floats gradient = Random(n * block.convolved.values(), &random);
      const Products plain = Plain(block, n, in, weight, gradient);
      ConvLayer layer(block);
      Floats out = {1};
      layer.Forward(n, in, weight, &out);
      CheckNear(out, plain.out);
      Floats in_gradient = {1};
      layer.InputGradient(n, gradient, weight, &in_gradient);
      CheckNear(in_gradient, plain.in_gradient);
      // Added to what is there.
      Floats weight_gradient(weight.size(), 0.5f);
      layer.AddWeightGradient(n, in, gradient, absl::MakeSpan(weight_gradient));
      for (float& value : weight_gradient) value -= 0.5f;
      CheckNear(weight_gradient, plain.weight_gradient);
    }
  }
}

}  // namespace
}  // namespace paceline::worker
