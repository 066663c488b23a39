// How the float32 values of a tensor travel.
//
//   FLOAT32   4 bytes a value, as they are
//   BF16      2 bytes: the upper half of the float32, rounded to nearest even
//   FP16      2 bytes: IEEE 754 binary16, rounded to nearest even; beyond 65504 infinite
//   INT8      1 byte and a 64th: for each 256 values a float32 scale, the largest
//             magnitude / 127; all scales come first, then one int8 a value,
//             value / scale rounded to nearest even. A group with a value that is not
//             finite has a scale that is not, and so have all its values.
//
// Little-endian, without padding. The same bytes on every machine and vector level.
// What is not finite stays not finite, so that the receiver sees it.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_CODEC_CODEC_H_
#define PACELINE_COMMON_CODEC_CODEC_H_

#include <cstdint>

#include "absl/types/span.h"
#include "proto/job.pb.h"

namespace paceline {

// Values that share a scale under INT8.
inline constexpr uint64_t kInt8Group = 256;

// Whether this build can decode it: the rest takes only such codecs.
bool IsKnownCodec(v1::Codec codec);

// Bytes of `values` encoded values.
uint64_t EncodedBytes(v1::Codec codec, uint64_t values);

// Writes EncodedBytes(codec, values.size()) bytes to `out`, at any address.
void Encode(v1::Codec codec, absl::Span<const float> values, void* out);

// The reverse of Encode: reads EncodedBytes(codec, values.size()) bytes.
void Decode(v1::Codec codec, const void* bytes, absl::Span<float> values);

}  // namespace paceline

#endif  // PACELINE_COMMON_CODEC_CODEC_H_
