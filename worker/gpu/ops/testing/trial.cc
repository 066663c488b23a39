#include "worker/gpu/ops/testing/trial.h"

#include <cfloat>
#include <cmath>
#include <sstream>

namespace paceline::gpu::testing {
namespace {

bool SameKind(float got, double want) {
  if (std::isnan(want)) return std::isnan(got);
  if (std::isinf(want)) return std::isinf(got) && std::signbit(got) == std::signbit(want);
  return std::isfinite(got);
}

}  // namespace

float Trial::Uniform(float low, float high) {
  return low + (high - low) * static_cast<float>(random_() >> 40) * 0x1p-24f;
}

std::vector<float> Trial::Uniform(size_t count, float low, float high) {
  std::vector<float> values(count);
  for (float& value : values) value = Uniform(low, high);
  return values;
}

std::vector<float> Trial::Summands(size_t count, uint64_t terms) {
  return Uniform(count, terms < 31 ? 0.25f : -0.5f, 1.5f);
}

uint64_t Trial::Below(uint64_t bound) { return random_() % bound; }

void Trial::Launch(const Launched& launched) {
  if (!launched.ok()) Fail(std::string(launched.call) + ": " + launched.error);
  const std::string error = memory_.Wait();
  if (!error.empty()) Fail(error);
}

void Trial::Near(const std::string& what, const std::vector<float>& got,
                 const std::vector<double>& want, double tolerance) {
  std::ostringstream text;
  text.precision(9);
  if (got.size() != want.size()) {
    text << what << ": expected " << want.size() << " values, got " << got.size();
    return Fail(text.str());
  }
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    if (!SameKind(got[i], want[i])) {
      text << what << "[" << i << "]: expected " << want[i] << ", got " << got[i];
      return Fail(text.str());
    }
    if (!std::isfinite(want[i])) continue;
    // Float32 knows nothing smaller than 2^-149, and that not exactly.
    const double expected =
        std::fabs(want[i]) < FLT_MIN ? double{static_cast<float>(want[i])} : want[i];
    difference += (got[i] - expected) * (got[i] - expected);
    norm += expected * expected;
  }
  const double error = difference == 0 ? 0 : std::sqrt(difference / norm);
  if (error > error_) error_ = error;
  if (error <= tolerance) return;
  text << what << ": expected a relative error of at most " << tolerance << ", got " << error;
  Fail(text.str());
}

}  // namespace paceline::gpu::testing
