// Header of the IDX format of MNIST: two zero bytes, the value type, the number
// of dimensions, then each dimension as big-endian uint32. The values follow, the
// last dimension fastest.
//
// Only unsigned bytes (type 0x08) with 1 to 8 dimensions are read.
#ifndef PACELINE_WORKER_CORE_DATA_IDX_HEADER_H_
#define PACELINE_WORKER_CORE_DATA_IDX_HEADER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline::worker {

// Bytes that are enough for every header that is read.
inline constexpr uint64_t kMaxIdxHeaderBytes = 4 + 4 * 8;

struct IdxHeader {
  // The first dimension.
  uint64_t records = 0;
  // Product of the others (1 if there are none): bytes per record, at most 16 MiB.
  uint64_t record_bytes = 1;
  uint64_t header_bytes = 0;
  std::vector<uint32_t> dimensions;

  uint64_t file_bytes() const { return header_bytes + records * record_bytes; }
};

// `start` is the start of the file, kMaxIdxHeaderBytes or all of it.
// Errors:  InvalidArgument  not an IDX file, another type, too many dimensions, a
//                           dimension of 0 other than the first, too large a record.
//          DataLoss         the header is cut off.
absl::StatusOr<IdxHeader> ParseIdxHeader(absl::string_view start);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_IDX_HEADER_H_
