#include "common/codec/codec.h"

#include <algorithm>
#include <cstring>

#include "common/check.h"
#include "common/codec/kernels.h"
#include "common/codec/one_bit_kernels.h"

namespace paceline {
namespace {

uint64_t Int8Groups(uint64_t values) { return (values + kInt8Group - 1) / kInt8Group; }
uint64_t OneBitGroups(uint64_t values) { return (values + kOneBitGroup - 1) / kOneBitGroup; }

// Of any value for itself.
bool IsPlain(v1::Codec codec) {
  return codec == v1::CODEC_FLOAT32 || codec == v1::CODEC_BF16 || codec == v1::CODEC_FP16 ||
         codec == v1::CODEC_INT8;
}

}  // namespace

bool IsPushCodec(v1::Codec codec, bool dense) {
  return IsPlain(codec) || (dense && LeavesResidual(codec));
}

bool IsPullCodec(v1::Codec codec, bool dense) {
  return IsPlain(codec) || (dense && codec == v1::CODEC_DELTA);
}

bool LeavesResidual(v1::Codec codec) {
  return codec == v1::CODEC_TOPK || codec == v1::CODEC_ONEBIT;
}

v1::Codec WholeCodec(v1::Codec codec) {
  return codec == v1::CODEC_DELTA ? v1::CODEC_FLOAT32 : codec;
}

uint64_t EncodedBytes(v1::Codec codec, uint64_t values) {
  switch (codec) {
    case v1::CODEC_BF16:
    case v1::CODEC_FP16:
      return 2 * values;
    case v1::CODEC_INT8:
      return values + sizeof(float) * Int8Groups(values);
    case v1::CODEC_ONEBIT:
      return (values + 7) / 8 + sizeof(OneBitMeans) * OneBitGroups(values);
    default:
      PL_CHECK_EQ(codec, v1::CODEC_FLOAT32);
      return sizeof(float) * values;
  }
}

void Encode(v1::Codec codec, absl::Span<const float> values, void* out) {
  const uint64_t count = values.size();
  auto* const bytes = static_cast<uint8_t*>(out);
  switch (codec) {
    case v1::CODEC_BF16:
      return EncodeBf16(values.data(), count, bytes);
    case v1::CODEC_FP16:
      return EncodeFp16(values.data(), count, bytes);
    case v1::CODEC_INT8: {
      uint8_t* const numbers = bytes + sizeof(float) * Int8Groups(count);
      for (uint64_t first = 0; first < count; first += kInt8Group) {
        const float scale =
            EncodeInt8(values.data() + first, std::min(kInt8Group, count - first), numbers + first);
        std::memcpy(bytes + first / kInt8Group * sizeof(float), &scale, sizeof scale);
      }
      return;
    }
    case v1::CODEC_ONEBIT: {
      uint8_t* const bits = bytes + sizeof(OneBitMeans) * OneBitGroups(count);
      for (uint64_t first = 0; first < count; first += kOneBitGroup) {
        const OneBitMeans means = EncodeOneBit(
            values.data() + first, std::min(kOneBitGroup, count - first), bits + first / 8);
        std::memcpy(bytes + first / kOneBitGroup * sizeof means, &means, sizeof means);
      }
      return;
    }
    default:
      PL_CHECK_EQ(codec, v1::CODEC_FLOAT32);
      if (count > 0) std::memcpy(bytes, values.data(), sizeof(float) * count);
  }
}

void Decode(v1::Codec codec, const void* in, absl::Span<float> values) {
  const uint64_t count = values.size();
  const auto* const bytes = static_cast<const uint8_t*>(in);
  switch (codec) {
    case v1::CODEC_BF16:
      return DecodeBf16(bytes, count, values.data());
    case v1::CODEC_FP16:
      return DecodeFp16(bytes, count, values.data());
    case v1::CODEC_INT8: {
      const uint8_t* const numbers = bytes + sizeof(float) * Int8Groups(count);
      for (uint64_t first = 0; first < count; first += kInt8Group) {
        float scale;
        std::memcpy(&scale, bytes + first / kInt8Group * sizeof(float), sizeof scale);
        DecodeInt8(numbers + first, std::min(kInt8Group, count - first), scale,
                   values.data() + first);
      }
      return;
    }
    case v1::CODEC_ONEBIT: {
      const uint8_t* const bits = bytes + sizeof(OneBitMeans) * OneBitGroups(count);
      for (uint64_t first = 0; first < count; first += kOneBitGroup) {
        OneBitMeans means;
        std::memcpy(&means, bytes + first / kOneBitGroup * sizeof means, sizeof means);
        DecodeOneBit(bits + first / 8, std::min(kOneBitGroup, count - first), means,
                     values.data() + first);
      }
      return;
    }
    default:
      PL_CHECK_EQ(codec, v1::CODEC_FLOAT32);
      if (count > 0) std::memcpy(values.data(), bytes, sizeof(float) * count);
  }
}

}  // namespace paceline
