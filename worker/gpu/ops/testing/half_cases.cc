#include <cmath>
#include <cstddef>
#include <cstring>

#include "worker/gpu/ops/cast.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/halves.h"

namespace paceline::gpu::testing {
namespace {

void RunCast(Trial& trial, HalfType type, const std::vector<float>& x, size_t shift) {
  const float* device_x = trial.Input(x, shift);
  uint16_t* out = trial.Output<uint16_t>(x.size(), shift);
  trial.Launch(Cast(x.size(), device_x, {type, out}, trial.stream()));
  CheckRounding(trial, type, out, x);
}

// Any bits at all: subnormals, NaNs and what overflows among them.
std::vector<float> AnyBits(Trial& trial, size_t count) {
  std::vector<float> values(count);
  for (float& value : values) {
    const uint32_t bits = static_cast<uint32_t>(trial.Below(uint64_t{1} << 32));
    std::memcpy(&value, &bits, sizeof(value));
  }
  return values;
}

// Around every power of two that either type knows: the number, halfway to its
// neighbours, and just beside halfway.
std::vector<float> Ties() {
  std::vector<float> values;
  for (int exponent = -140; exponent <= 127; ++exponent) {
    for (const float factor : {1.0f, 1 + 0x1p-8f, 1 + 0x3p-8f, 1 + 0x1p-11f, 1 + 0x3p-11f, 1.5f,
                               2 - 0x1p-7f, 2 - 0x1p-8f, 2 - 0x1p-11f, 2 - 0x1p-12f}) {
      const float value = std::ldexp(factor, exponent);
      for (const float near :
           {value, std::nextafter(value, 0.0f), std::nextafter(value, INFINITY)}) {
        values.push_back(near);
        values.push_back(-near);
      }
    }
  }
  for (const float value : {65504.0f, 65519.996f, 65520.0f, 65536.0f, 1e10f, INFINITY, NAN, 0.0f}) {
    values.push_back(value);
    values.push_back(-value);
  }
  return values;
}

}  // namespace

std::vector<Case> HalfCases(bool large) {
  std::vector<Case> cases;
  for (const HalfType type : {HalfType::kBf16, HalfType::kFp16}) {
    const std::string name = std::string("Cast ") + HalfName(type);
    for (const size_t count : {1, 3, 31, 33, 1025, large ? 10000001 : 10001}) {
      for (const size_t shift : {0, 1, 3}) {
        cases.push_back(
            {name + " " + std::to_string(count) + " shifted by " + std::to_string(shift),
             [=](Trial& trial) { RunCast(trial, type, AnyBits(trial, count), shift); }});
      }
    }
    cases.push_back({name + " ties", [=](Trial& trial) { RunCast(trial, type, Ties(), 0); }});
  }
  return cases;
}

}  // namespace paceline::gpu::testing
