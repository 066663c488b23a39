#include "worker/core/math/activations.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/types/span.h"

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

double Value(ActivationFunction f, double z) {
  switch (f) {
    case ActivationFunction::kRelu:
      return std::max(z, 0.0);
    case ActivationFunction::kTanh:
      return std::tanh(z);
    case ActivationFunction::kGelu:
      return 0.5 * z * (1 + std::tanh(std::sqrt(2 / M_PI) * (z + 0.044715 * z * z * z)));
  }
  return 0;
}

Floats Sweep() {
  Floats z;
  for (int i = -1200; i <= 1200; ++i) z.push_back(static_cast<float>(i) * 0.0101f);
  for (const float far : {-1e4f, -100.0f, -30.0f, 30.0f, 100.0f, 1e4f}) z.push_back(far);
  return z;
}

TEST_CASE("activations and derivatives agree with float64") {
  const Floats z = Sweep();
  for (const ActivationFunction f :
       {ActivationFunction::kRelu, ActivationFunction::kTanh, ActivationFunction::kGelu}) {
    Floats out(z.size());
    Activate(f, z, absl::MakeSpan(out));
    Floats gradient(z.size(), 2.0f);
    MultiplyByDerivative(f, z, absl::MakeSpan(gradient));
    for (size_t i = 0; i < z.size(); ++i) {
      INFO("f " << static_cast<int>(f) << " z " << z[i]);
      REQUIRE(out[i] == Approx(Value(f, z[i])).epsilon(1e-5).margin(1e-6));
      if (z[i] == 0) continue;
      const double h = 1e-5 * std::max(1.0, std::abs(double{z[i]}));
      const double slope = (Value(f, z[i] + h) - Value(f, z[i] - h)) / (2 * h);
      REQUIRE(gradient[i] == Approx(2 * slope).epsilon(1e-5).margin(1e-5));
    }
  }
}

TEST_CASE("the slope of relu at zero is zero") {
  Floats gradient = {1};
  MultiplyByDerivative(ActivationFunction::kRelu, Floats{0}, absl::MakeSpan(gradient));
  CHECK(gradient[0] == 0);
}

TEST_CASE("the tanh form of gelu is within 5e-4 of the form with erf") {
  const Floats z = Sweep();
  Floats out(z.size());
  Activate(ActivationFunction::kGelu, z, absl::MakeSpan(out));
  for (size_t i = 0; i < z.size(); ++i) {
    const double exact = 0.5 * z[i] * (1 + std::erf(z[i] / std::sqrt(2.0)));
    REQUIRE(std::abs(out[i] - exact) < 5e-4);
  }
}

TEST_CASE("sigmoid never overflows") {
  const Floats z = Sweep();
  Floats out(z.size());
  Sigmoid(z, absl::MakeSpan(out));
  for (size_t i = 0; i < z.size(); ++i) {
    REQUIRE(out[i] == Approx(1 / (1 + std::exp(-double{z[i]}))).epsilon(1e-5).margin(1e-37));
  }
  Floats far = {-kInf, kInf};
  Sigmoid(far, absl::MakeSpan(far));
  CHECK(far == Floats{0, 1});
}

TEST_CASE("softmax of every length, with far logits") {
  for (const size_t n : {1, 2, 3, 10, 15, 16, 17, 31, 100}) {
    for (const float scale : {1.0f, 50.0f}) {
      for (const float shift : {0.0f, 1e4f, -1e4f}) {
        Floats logits(n);
        for (size_t i = 0; i < n; ++i) {
          logits[i] = shift + scale * std::sin(static_cast<float>(i * 7 + 1));
        }
        double largest = logits[0];
        for (const float z : logits) largest = std::max(largest, double{z});
        double sum = 0;
        for (const float z : logits) sum += std::exp(z - largest);
        Floats out = logits;
        const double log_sum = Softmax(absl::MakeSpan(out));
        CHECK(log_sum == Approx(largest + std::log(sum)).epsilon(1e-6));
        for (size_t i = 0; i < n; ++i) {
          REQUIRE(out[i] ==
                  Approx(std::exp(logits[i] - largest) / sum).epsilon(2e-5).margin(1e-36));
        }
      }
    }
  }
}

TEST_CASE("a value has the same bits wherever it stands in the vector") {
  const Floats z = Sweep();
  Floats together(z.size());
  Activate(ActivationFunction::kGelu, z, absl::MakeSpan(together));
  for (size_t i = 0; i < z.size(); ++i) {
    Floats alone(1);
    Activate(ActivationFunction::kGelu, absl::MakeConstSpan(z).subspan(i, 1),
             absl::MakeSpan(alone));
    REQUIRE(alone[0] == together[i]);
  }
}

TEST_CASE("a NaN is never hidden") {
  for (const size_t n : {1, 5, 16, 21}) {
    for (size_t at = 0; at < n; ++at) {
      Floats z(n, 0.5f);
      z[at] = kNan;
      for (const ActivationFunction f :
           {ActivationFunction::kRelu, ActivationFunction::kTanh, ActivationFunction::kGelu}) {
        Floats out(n);
        Activate(f, z, absl::MakeSpan(out));
        REQUIRE(std::isnan(out[at]));
        Floats gradient(n, 1.0f);
        MultiplyByDerivative(f, z, absl::MakeSpan(gradient));
        REQUIRE(std::isnan(gradient[at]));
      }
      Floats out(n);
      Sigmoid(z, absl::MakeSpan(out));
      REQUIRE(std::isnan(out[at]));
      Floats logits = z;
      REQUIRE(std::isnan(Softmax(absl::MakeSpan(logits))));
      for (const float p : logits) REQUIRE(std::isnan(p));
    }
  }
}

}  // namespace
}  // namespace paceline::worker
