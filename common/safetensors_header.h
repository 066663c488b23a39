// The JSON header of a safetensors file, apart from files: see safetensors.h.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_SAFETENSORS_HEADER_H_
#define PACELINE_COMMON_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline {

enum class DType { kF32, kF64, kU64, kI64, kU32, kI32, kU8 };

// "F32" and so on.
absl::string_view DTypeName(DType dtype);
std::uint64_t DTypeBytes(DType dtype);

struct TensorSpec {
  std::string name;
  DType dtype = DType::kF32;
  // Empty: a scalar, one element. A zero: no elements.
  std::vector<std::uint64_t> shape;
};

// A tensor of a file, with its place in the data.
struct TensorInfo {
  TensorSpec spec;
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
};

using TensorMetadata = std::map<std::string, std::string>;

struct SafetensorsHeader {
  // In the order of their data, without gaps: the first begins at 0.
  std::vector<TensorInfo> tensors;
  TensorMetadata metadata;
};

inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

// Gives each tensor its place, in order.
// Errors: InvalidArgument  a name twice or "__metadata__", or beyond 2^63 bytes.
absl::StatusOr<std::vector<TensorInfo>> LayOutTensors(std::vector<TensorSpec> tensors);

// The length field and the JSON, padded so that its size is a multiple of 64.
// Errors: InvalidArgument    a text is not UTF-8.
//         ResourceExhausted  longer than the limit.
absl::StatusOr<std::string> EncodeSafetensorsHeader(const std::vector<TensorInfo>& tensors,
                                                    const TensorMetadata& metadata);

// Parses the JSON (without the length field) of a file with `data_bytes` of data.
// Errors: DataLoss  anything that is not as the format says; names the tensor.
absl::StatusOr<SafetensorsHeader> DecodeSafetensorsHeader(absl::string_view json,
                                                          std::uint64_t data_bytes);

}  // namespace paceline

#endif  // PACELINE_COMMON_SAFETENSORS_HEADER_H_
