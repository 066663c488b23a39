#include "worker/gpu/ops/testing/halves.h"

#include <cmath>
#include <cstddef>
#include <cstring>

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::testing {

const char* HalfName(HalfType type) {
  switch (type) {
    case HalfType::kNone:
      return "float32";
    case HalfType::kBf16:
      return "bf16";
    case HalfType::kFp16:
      return "fp16";
  }
  return "";
}

std::vector<float> WidenedAll(HalfType type, const std::vector<uint16_t>& bits) {
  std::vector<float> values;
  for (const uint16_t one : bits) {
    values.push_back(static_cast<float>(reference::Widened(type, one)));
  }
  return values;
}

void CheckHalves(Trial& trial, HalfType type, const std::vector<uint16_t>& got,
                 const std::vector<double>& want) {
  if (type == HalfType::kNone) {
    return trial.Equal("halves", got, std::vector<uint16_t>(got.size(), 0xffff));
  }
  // Half of the spacing of its numbers around the value; float32's error besides.
  const double spacing = type == HalfType::kBf16 ? 0x1p-8 : 0x1p-11;
  const std::vector<float> values = WidenedAll(type, got);
  for (size_t i = 0; i < want.size(); ++i) {
    const double difference = std::fabs(values[i] - want[i]);
    if (difference <= 1.01 * spacing * std::fabs(want[i]) + 1e-6) continue;
    // Not near, or not comparable: NaNs and infinities are, with their like.
    trial.Near("half " + std::to_string(i), {values[i]}, {want[i]}, 2 * spacing);
  }
}

void CheckRounding(Trial& trial, HalfType type, const uint16_t* halves,
                   const std::vector<float>& values) {
  if (type == HalfType::kNone) return;
  std::vector<uint16_t> want;
  for (const float value : values) want.push_back(reference::Rounded(type, value));
  trial.Equal("rounded halves", trial.Read(halves, values.size()), want);
}

void CheckUntouched(Trial& trial, const std::string& what, const std::vector<float>& got) {
  std::vector<uint32_t> bits(got.size());
  if (!got.empty()) std::memcpy(bits.data(), got.data(), got.size() * sizeof(float));
  trial.Equal(what + ", which is not to be written", bits,
              std::vector<uint32_t>(got.size(), 0xffffffff));
}

}  // namespace paceline::gpu::testing
