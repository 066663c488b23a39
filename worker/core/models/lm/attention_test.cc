// Blocks of queries against plain loops.
#include "worker/core/models/lm/attention.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace paceline::worker {
namespace {

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> values(n);
  for (float& x : values) x = value(random);
  return values;
}

struct Plain {
  uint64_t length, width;
  std::vector<double> out, dq, dk, dv;

  Plain(uint64_t l, uint64_t w, const std::vector<float>& q, const std::vector<float>& k,
        const std::vector<float>& v, const std::vector<float>& dout)
      : length(l), width(w), out(l * w), dq(l * w), dk(l * w), dv(l * w) {
    const double scale = 1 / std::sqrt(static_cast<double>(width));
    const auto product = [&](const auto& a, uint64_t i, const auto& b, uint64_t j) {
      double sum = 0;
      for (uint64_t c = 0; c < width; ++c) sum += double{a[i * width + c]} * b[j * width + c];
      return sum;
    };
    for (uint64_t i = 0; i < length; ++i) {
      std::vector<double> p, dp;
      double sum = 0;
      for (uint64_t j = 0; j <= i; ++j) sum += std::exp(scale * product(q, i, k, j));
      double mean = 0;
      for (uint64_t j = 0; j <= i; ++j) {
        p.push_back(std::exp(scale * product(q, i, k, j)) / sum);
        dp.push_back(product(dout, i, v, j));
        mean += p[j] * dp[j];
      }
      for (uint64_t j = 0; j <= i; ++j) {
        for (uint64_t c = 0; c < width; ++c) {
          out[i * width + c] += p[j] * v[j * width + c];
          dv[j * width + c] += p[j] * dout[i * width + c];
          const double ds = scale * p[j] * (dp[j] - mean);
          dq[i * width + c] += ds * k[j * width + c];
          dk[j * width + c] += ds * q[i * width + c];
        }
      }
    }
  }
};

void CheckNear(const std::vector<float>& got, const std::vector<double>& want) {
  double worst = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    worst = std::max(worst, std::abs(got[i] - want[i]) / (1 + std::abs(want[i])));
  }
  CHECK(worst < 1e-5);
}

TEST_CASE("windows shorter and longer than a block of queries, forward and backward") {
  for (const uint64_t length : {1, 2, 17, 128, 129, 300}) {
    for (const uint64_t width : {1, 8, 32}) {
      INFO("length " << length << " width " << width);
      const auto q = Random(length * width, 1);
      const auto k = Random(length * width, 2);
      const auto v = Random(length * width, 3);
      const auto dout = Random(length * width, 4);
      const Plain plain(length, width, q, k, v, dout);
      CausalAttention attention(width);
      const std::vector<float> dirty(length * width, NAN);
      auto out = dirty, dq = dirty, dk = dirty, dv = dirty;
      attention.Forward(length, q.data(), k.data(), v.data(), out.data());
      CheckNear(out, plain.out);
      attention.Backward(length, q.data(), k.data(), v.data(), dout.data(), dq.data(), dk.data(),
                         dv.data());
      CheckNear(dq, plain.dq);
      CheckNear(dk, plain.dk);
      CheckNear(dv, plain.dv);
    }
  }
}

}  // namespace
}  // namespace paceline::worker
