// How the float32 values of a tensor travel.
//
//   FLOAT32   4 bytes a value, as they are
//   BF16      2 bytes: the upper half of the float32, rounded to nearest even
//   FP16      2 bytes: IEEE 754 binary16, rounded to nearest even; beyond 65504 infinite
//   INT8      1 byte and a 64th: for each 256 values a float32 scale, the largest
//             magnitude / 127; all scales come first, then one int8 a value,
//             value / scale rounded to nearest even. A group with a value that is not
//             finite has a scale that is not, and so have all its values.
//   ONEBIT    1 bit and a quarter: for each 256 values the mean of those that are not
//             negative and that of those that are, two float32; all means come first,
//             then one bit a value, from the lowest on, set where it is negative.
//
// Others send a part of the values (common/codec/indexed_values.h):
//
//   TOPK      push: those of greatest magnitude (common/codec/top_k.h)
//   DELTA     pull: those that differ from what the rank holds
//
// What TOPK and ONEBIT leave behind is the sender's to keep: they are for pushes of dense
// tables. DELTA is for pulls of dense tables, and any of its answers may be FLOAT32.
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

// Whether gradients of a table may come so, and weights be asked for so.
bool IsPushCodec(v1::Codec codec, bool dense);
bool IsPullCodec(v1::Codec codec, bool dense);

// Whether the sender keeps what does not travel and adds it to its next gradient.
bool LeavesResidual(v1::Codec codec);

// What all values travel as where a part of them will not do: FLOAT32 for DELTA.
v1::Codec WholeCodec(v1::Codec codec);

// Below: any codec but TOPK and DELTA.

// Bytes of `values` encoded values.
uint64_t EncodedBytes(v1::Codec codec, uint64_t values);

// Writes EncodedBytes(codec, values.size()) bytes to `out`, at any address.
void Encode(v1::Codec codec, absl::Span<const float> values, void* out);

// The reverse of Encode: reads EncodedBytes(codec, values.size()) bytes.
void Decode(v1::Codec codec, const void* bytes, absl::Span<float> values);

}  // namespace paceline

#endif  // PACELINE_COMMON_CODEC_CODEC_H_
