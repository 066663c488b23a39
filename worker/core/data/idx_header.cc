#include "worker/core/data/idx_header.h"

#include "absl/strings/str_cat.h"
#include "worker/core/data/number.h"
#include "worker/core/data/record_parser.h"

namespace paceline::worker {

namespace {

constexpr uint8_t kUnsignedByte = 0x08;
constexpr uint64_t kMaxDimensions = 8;

uint32_t BigEndian(absl::string_view bytes) {
  uint32_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

}  // namespace

absl::StatusOr<IdxHeader> ParseIdxHeader(absl::string_view start) {
  if (start.size() < 4 || start[0] != 0 || start[1] != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "not an IDX file: two zero bytes, a type and a number of dimensions expected, got ",
        Quoted(start.substr(0, 4))));
  }
  const auto type = static_cast<uint8_t>(start[2]);
  const auto dimensions = static_cast<uint8_t>(start[3]);
  if (type != kUnsignedByte) {
    return absl::InvalidArgumentError(absl::StrCat("IDX type 0x08 (unsigned byte) expected, got 0x",
                                                   absl::Hex(type, absl::kZeroPad2)));
  }
  if (dimensions == 0 || dimensions > kMaxDimensions) {
    return absl::InvalidArgumentError(
        absl::StrCat("1 to ", kMaxDimensions, " dimensions expected, got ", dimensions));
  }
  IdxHeader header;
  header.header_bytes = 4 + 4 * uint64_t{dimensions};
  if (start.size() < header.header_bytes) {
    return absl::DataLossError(absl::StrCat("an IDX header of ", header.header_bytes,
                                            " bytes expected, the file has ", start.size()));
  }
  for (uint64_t i = 0; i < dimensions; ++i) {
    const uint32_t size = BigEndian(start.substr(4 + 4 * i, 4));
    header.dimensions.push_back(size);
    if (i == 0) {
      header.records = size;
      continue;
    }
    // Neither factor exceeds 2^32, so the product does not overflow.
    header.record_bytes *= size;
    if (header.record_bytes == 0 || header.record_bytes > kMaxRecordBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          "dimension ", i, " is ", size, ": records of 1 to ", kMaxRecordBytes, " bytes expected"));
    }
  }
  return header;
}

}  // namespace paceline::worker
