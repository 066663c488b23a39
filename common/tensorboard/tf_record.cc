#include "common/tensorboard/tf_record.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "common/crc32c.h"

namespace paceline::tensorboard {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kFooterBytes = 4;

uint32_t MaskedCrc(absl::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

std::string LittleEndian(uint64_t value, size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(value >> (8 * i));
  return text;
}

uint64_t FromLittleEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return value;
}

}  // namespace

std::string EncodeRecord(absl::string_view data) {
  const std::string length = LittleEndian(data.size(), 8);
  return absl::StrCat(length, LittleEndian(MaskedCrc(length), 4), data,
                      LittleEndian(MaskedCrc(data), 4));
}

Records DecodeRecords(absl::string_view bytes) {
  Records records;
  for (;;) {
    const absl::string_view rest = bytes.substr(records.valid_bytes);
    if (rest.size() < kHeaderBytes + kFooterBytes) return records;
    const absl::string_view length = rest.substr(0, 8);
    if (FromLittleEndian(rest.substr(8, 4)) != MaskedCrc(length)) return records;
    const uint64_t size = FromLittleEndian(length);
    if (size > rest.size() - kHeaderBytes - kFooterBytes) return records;
    const absl::string_view data = rest.substr(kHeaderBytes, size);
    if (FromLittleEndian(rest.substr(kHeaderBytes + size, 4)) != MaskedCrc(data)) return records;
    records.data.push_back(data);
    records.valid_bytes += kHeaderBytes + size + kFooterBytes;
  }
}

}  // namespace paceline::tensorboard
