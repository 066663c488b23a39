#include "cli/export/npz_writer.h"

#include <zlib.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr uint16_t kVersion = 45;    // Zip64
constexpr uint16_t kFlags = 0x0808;  // sizes follow the data; names are UTF-8
constexpr uint16_t kDosDate = 0x21;  // 1980-01-01: the same bytes every time
constexpr uint32_t kSeeZip64 = 0xffffffff;
constexpr uint16_t kZip64Tag = 1;

// Appends `value`, little-endian, in sizeof(T) bytes.
template <typename T>
void Put(T value, std::string* out) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    out->push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i)));
  }
}

const char* NumpyType(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "<f4";
    case DType::kF64:
      return "<f8";
    case DType::kU64:
      return "<u8";
    case DType::kI64:
      return "<i8";
    case DType::kU32:
      return "<u4";
    case DType::kI32:
      return "<i4";
    case DType::kU8:
      return "|u1";
  }
  return "";
}

uint64_t ContentBytes(const TensorSpec& array) {
  uint64_t bytes = DTypeBytes(array.dtype);
  for (const uint64_t size : array.shape) {
    bytes *= size;
  }
  return bytes;
}

// What the local header and the directory have in common.
void PutCommon(uint32_t crc, uint32_t sizes, uint16_t name_bytes, uint16_t extra_bytes,
               std::string* out) {
  Put<uint16_t>(kFlags, out);
  Put<uint16_t>(0, out);  // stored
  Put<uint16_t>(0, out);  // time
  Put<uint16_t>(kDosDate, out);
  Put<uint32_t>(crc, out);
  Put<uint32_t>(sizes, out);  // compressed
  Put<uint32_t>(sizes, out);  // uncompressed
  Put<uint16_t>(name_bytes, out);
  Put<uint16_t>(extra_bytes, out);
}

}  // namespace

std::string NpyHeader(const TensorSpec& array) {
  std::string dictionary =
      absl::StrCat("{'descr': '", NumpyType(array.dtype), "', 'fortran_order': False, 'shape': (",
                   absl::StrJoin(array.shape, ", "), array.shape.size() == 1 ? ",), }" : "), }");
  // Magic, version and length take 10 bytes; a line end closes the header.
  const size_t total = (10 + dictionary.size() + 1 + 63) / 64 * 64;
  dictionary.resize(total - 10 - 1, ' ');
  dictionary.push_back('\n');
  std::string header("\x93NUMPY\x01\x00", 8);
  Put<uint16_t>(static_cast<uint16_t>(dictionary.size()), &header);
  return header + dictionary;
}

absl::Status NpzWriter::Write(absl::string_view bytes) {
  written_ += bytes.size();
  return file_->Append(bytes);
}

absl::Status NpzWriter::Content(absl::string_view bytes) {
  Entry& entry = entries_.back();
  entry.bytes += bytes.size();
  // zlib takes 32-bit lengths.
  for (absl::string_view rest = bytes; !rest.empty();) {
    const absl::string_view piece = rest.substr(0, 1 << 30);
    entry.crc = static_cast<uint32_t>(crc32(entry.crc, reinterpret_cast<const Bytef*>(piece.data()),
                                            static_cast<uInt>(piece.size())));
    rest.remove_prefix(piece.size());
  }
  return Write(bytes);
}

absl::Status NpzWriter::Begin(const TensorSpec& array) {
  PL_RETURN_IF_ERROR(EndEntry());
  Entry entry;
  entry.name = absl::StrCat(array.name, ".npy");
  entry.offset = written_;
  std::string header;
  Put<uint32_t>(0x04034b50, &header);
  Put<uint16_t>(kVersion, &header);
  PutCommon(0, kSeeZip64, static_cast<uint16_t>(entry.name.size()), 20, &header);
  absl::StrAppend(&header, entry.name);
  Put<uint16_t>(kZip64Tag, &header);
  Put<uint16_t>(16, &header);
  Put<uint64_t>(0, &header);
  Put<uint64_t>(0, &header);
  entries_.push_back(std::move(entry));
  open_ = true;
  missing_ = ContentBytes(array);
  PL_RETURN_IF_ERROR(Write(header));
  return Content(NpyHeader(array));
}

absl::Status NpzWriter::Append(absl::string_view bytes) {
  if (bytes.size() > missing_) {
    return absl::InvalidArgumentError(absl::StrCat(entries_.empty() ? "" : entries_.back().name,
                                                   ": ", missing_, " more bytes expected, got ",
                                                   bytes.size()));
  }
  missing_ -= bytes.size();
  return Content(bytes);
}

absl::Status NpzWriter::EndEntry() {
  if (!open_) {
    return absl::OkStatus();
  }
  const Entry& entry = entries_.back();
  if (missing_ != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(entry.name, ": ", missing_, " bytes are missing"));
  }
  open_ = false;
  std::string descriptor;
  Put<uint32_t>(0x08074b50, &descriptor);
  Put<uint32_t>(entry.crc, &descriptor);
  Put<uint64_t>(entry.bytes, &descriptor);
  Put<uint64_t>(entry.bytes, &descriptor);
  return Write(descriptor);
}

absl::Status NpzWriter::Finish() {
  PL_RETURN_IF_ERROR(EndEntry());
  const uint64_t directory = written_;
  for (const Entry& entry : entries_) {
    std::string record;
    Put<uint32_t>(0x02014b50, &record);
    Put<uint16_t>(kVersion, &record);
    Put<uint16_t>(kVersion, &record);
    PutCommon(entry.crc, kSeeZip64, static_cast<uint16_t>(entry.name.size()), 28, &record);
    Put<uint16_t>(0, &record);  // comment
    Put<uint16_t>(0, &record);  // disk
    Put<uint16_t>(0, &record);  // internal attributes
    Put<uint32_t>(0, &record);  // external attributes
    Put<uint32_t>(kSeeZip64, &record);
    absl::StrAppend(&record, entry.name);
    Put<uint16_t>(kZip64Tag, &record);
    Put<uint16_t>(24, &record);
    Put<uint64_t>(entry.bytes, &record);
    Put<uint64_t>(entry.bytes, &record);
    Put<uint64_t>(entry.offset, &record);
    PL_RETURN_IF_ERROR(Write(record));
  }
  const uint64_t end = written_;
  std::string tail;
  Put<uint32_t>(0x06064b50, &tail);  // Zip64 end of directory
  Put<uint64_t>(44, &tail);
  Put<uint16_t>(kVersion, &tail);
  Put<uint16_t>(kVersion, &tail);
  Put<uint32_t>(0, &tail);
  Put<uint32_t>(0, &tail);
  Put<uint64_t>(entries_.size(), &tail);
  Put<uint64_t>(entries_.size(), &tail);
  Put<uint64_t>(end - directory, &tail);
  Put<uint64_t>(directory, &tail);
  Put<uint32_t>(0x07064b50, &tail);  // its locator
  Put<uint32_t>(0, &tail);
  Put<uint64_t>(end, &tail);
  Put<uint32_t>(1, &tail);
  Put<uint32_t>(0x06054b50, &tail);  // end of directory
  Put<uint16_t>(0, &tail);
  Put<uint16_t>(0, &tail);
  Put<uint16_t>(0xffff, &tail);
  Put<uint16_t>(0xffff, &tail);
  Put<uint32_t>(kSeeZip64, &tail);
  Put<uint32_t>(kSeeZip64, &tail);
  Put<uint16_t>(0, &tail);
  PL_RETURN_IF_ERROR(Write(tail));
  PL_RETURN_IF_ERROR(file_->Sync());
  return file_->Close();
}

}  // namespace paceline::cli
