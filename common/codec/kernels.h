// The inner loops of the codecs, vectorised with Highway (AVX2, AVX-512, ... chosen at
// run time), in integer arithmetic wherever rounding could differ between machines.
//
// `bytes` may lie at any address. Thread-safe: pure functions.
#ifndef PACELINE_COMMON_CODEC_KERNELS_H_
#define PACELINE_COMMON_CODEC_KERNELS_H_

#include <cstdint>

namespace paceline {

// 2 * count bytes. NaN stays NaN.
void EncodeBf16(const float* values, uint64_t count, uint8_t* bytes);
void DecodeBf16(const uint8_t* bytes, uint64_t count, float* values);

// 2 * count bytes.
void EncodeFp16(const float* values, uint64_t count, uint8_t* bytes);
void DecodeFp16(const uint8_t* bytes, uint64_t count, float* values);

// One group: `count` bytes. Returns its scale: not finite if a value is not.
float EncodeInt8(const float* values, uint64_t count, uint8_t* bytes);
void DecodeInt8(const uint8_t* bytes, uint64_t count, float scale, float* values);

}  // namespace paceline

#endif  // PACELINE_COMMON_CODEC_KERNELS_H_
