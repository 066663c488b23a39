#include "scheduler/io/backup_file.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/format_version/format_version.h"
#include "common/hash.h"
#include "common/status/status_macros.h"

namespace paceline::scheduler {
namespace {

constexpr absl::string_view kMagic = "PLBACKUP";
// Before the cluster's id.
constexpr size_t kHeaderBytes = 32;
constexpr size_t kChecksumBytes = 8;

template <typename Number>
void AppendNumber(Number value, std::string* out) {
  for (size_t i = 0; i < sizeof(value); ++i) {
    out->push_back(static_cast<char>(value >> (8 * i) & 0xff));
  }
}

template <typename Number>
Number ReadNumber(absl::string_view file, size_t offset) {
  Number value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) {
    value |= static_cast<Number>(static_cast<unsigned char>(file[offset + i])) << (8 * i);
  }
  return value;
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("backup of the scheduler's state: ", what));
}

}  // namespace

absl::StatusOr<std::string> EncodeBackup(const v1::StateSnapshot& state) {
  const std::string& cluster_id = state.cluster_id();
  const uint64_t body_bytes = state.ByteSizeLong();
  const uint64_t file_bytes = kHeaderBytes + cluster_id.size() + body_bytes + kChecksumBytes;
  if (file_bytes > kMaxBackupBytes) {
    return absl::ResourceExhaustedError(absl::StrCat("a backup holds at most ", kMaxBackupBytes,
                                                     " bytes, the state needs ", file_bytes));
  }
  std::string file;
  file.reserve(file_bytes);
  file.append(kMagic.data(), kMagic.size());
  AppendNumber<uint32_t>(kBackupFormatVersion, &file);
  AppendNumber<uint32_t>(static_cast<uint32_t>(cluster_id.size()), &file);
  AppendNumber<uint64_t>(state.journal_index(), &file);
  AppendNumber<uint64_t>(body_bytes, &file);
  file += cluster_id;
  state.AppendToString(&file);
  AppendNumber<uint64_t>(HashBytes(file), &file);
  return file;
}

absl::StatusOr<v1::StateSnapshot> DecodeBackup(absl::string_view file) {
  if (file.size() > kMaxBackupBytes) return Damaged("longer than any backup");
  if (file.substr(0, kMagic.size()) != kMagic) {
    return Damaged(absl::StrCat("it does not begin with ", kMagic));
  }
  if (file.size() < kHeaderBytes + kChecksumBytes) return Damaged("it is truncated");
  // Before the checksum: a newer version may have another one.
  PL_RETURN_IF_ERROR(CheckFormatVersion("backup of the scheduler's state", kBackupFormatVersion,
                                        ReadNumber<uint32_t>(file, 8)));
  const uint64_t id_bytes = ReadNumber<uint32_t>(file, 12);
  const uint64_t index = ReadNumber<uint64_t>(file, 16);
  const uint64_t body_bytes = ReadNumber<uint64_t>(file, 24);
  const uint64_t room = file.size() - kHeaderBytes - kChecksumBytes;
  if (id_bytes > room || body_bytes != room - id_bytes) {
    return Damaged(absl::StrCat("its header says ", id_bytes, " + ", body_bytes,
                                " bytes of id and state, there are ", room));
  }
  const size_t end = file.size() - kChecksumBytes;
  if (HashBytes(file.substr(0, end)) != ReadNumber<uint64_t>(file, end)) {
    return Damaged("its checksum does not match its bytes");
  }
  const absl::string_view body = file.substr(kHeaderBytes + id_bytes, body_bytes);
  v1::StateSnapshot state;
  if (!state.ParseFromArray(body.data(), static_cast<int>(body.size())) ||
      state.journal_index() != index || state.cluster_id() != file.substr(kHeaderBytes, id_bytes)) {
    return Damaged("its header and its state differ");
  }
  return state;
}

}  // namespace paceline::scheduler
