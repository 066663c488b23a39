#include "scheduler/io/cut_files.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/failpoint/failpoint.h"
#include "common/json/proto_json.h"
#include "common/status/status_macros.h"
#include "common/xxh3/xxh3.h"

namespace paceline::scheduler {
namespace {

constexpr uint32_t kFormatVersion = 1;
constexpr uint64_t kPieceBytes = uint64_t{1} << 20;
constexpr uint64_t kMaxManifestBytes = uint64_t{1} << 30;

absl::Status VerifyFile(FileSystem& fs, const std::string& dir, const v1::CutFile& file,
                        const StopRequested& stop) {
  PL_RETURN_IF_ERROR(Failpoint("scheduler.cut.verify"));
  if (file.name().empty() || file.name().find('/') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("shard ", file.shard(), ": a file name expected, got \"", file.name(), "\""));
  }
  const std::string path = JoinPath(dir, file.name());
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> readable, fs.OpenForRead(path));
  PL_ASSIGN_OR_RETURN(const uint64_t size, readable->Size());
  if (size != file.bytes()) {
    return absl::DataLossError(
        absl::StrCat(path, ": ", file.bytes(), " bytes expected, got ", size));
  }
  Xxh3Stream hash;
  std::string piece(std::min(kPieceBytes, size), '\0');
  for (uint64_t offset = 0; offset < size; offset += piece.size()) {
    if (stop()) return absl::CancelledError("the scheduler is shutting down");
    piece.resize(std::min(kPieceBytes, size - offset));
    PL_RETURN_IF_ERROR(readable->ReadAt(offset, absl::MakeSpan(piece)));
    hash.Update(piece);
  }
  if (hash.Hex() != file.xxh3()) {
    return absl::DataLossError(
        absl::StrCat(path, ": XXH3 ", file.xxh3(), " expected, got ", hash.Hex()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> CommitCut(FileSystem& fs, const std::string& dir,
                                      const v1::CutManifest& manifest, const StopRequested& stop) {
  for (const v1::CutFile& file : manifest.files()) {
    PL_RETURN_IF_ERROR(VerifyFile(fs, dir, file, stop));
  }
  const std::string json = absl::StrCat(ProtoToJson(manifest, JsonLayout::kIndented), "\n");
  PL_RETURN_IF_ERROR(Failpoint("scheduler.cut.manifest"));
  PL_RETURN_IF_ERROR(WriteFileDurably(fs, JoinPath(dir, kManifestName), json));
  PL_RETURN_IF_ERROR(Failpoint("scheduler.cut.manifest.after"));
  return Xxh3Hex(json);
}

absl::StatusOr<v1::CutManifest> ReadManifest(FileSystem& fs, const std::string& dir,
                                             absl::string_view xxh3) {
  const std::string path = JoinPath(dir, kManifestName);
  PL_ASSIGN_OR_RETURN(const std::string json, ReadFile(fs, path, kMaxManifestBytes));
  if (const std::string got = Xxh3Hex(json); got != xxh3) {
    return absl::DataLossError(absl::StrCat(path, ": XXH3 ", xxh3, " expected, got ", got));
  }
  v1::CutManifest manifest;
  if (const absl::Status parsed = JsonToProto(json, &manifest); !parsed.ok()) {
    return absl::DataLossError(absl::StrCat(path, ": ", parsed.message()));
  }
  if (manifest.format_version() != kFormatVersion) {
    return absl::DataLossError(absl::StrCat(path, ": format version ", kFormatVersion,
                                            " required, got ", manifest.format_version()));
  }
  return manifest;
}

}  // namespace paceline::scheduler
