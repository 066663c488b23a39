#include "common/cut/manifest.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "common/json/proto_json.h"
#include "common/status/status_macros.h"
#include "common/xxh3/xxh3.h"

namespace paceline {
namespace {

constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{1} << 30;

}  // namespace

std::string ShardFileName(std::uint32_t shard) {
  return absl::StrFormat("shard-%06d.safetensors", shard);
}

absl::StatusOr<std::string> WriteManifest(FileSystem& fs, const std::string& dir,
                                          const v1::CutManifest& manifest) {
  const std::string json = absl::StrCat(ProtoToJson(manifest, JsonLayout::kIndented), "\n");
  PL_RETURN_IF_ERROR(WriteFileDurably(fs, JoinPath(dir, kManifestName), json));
  return Xxh3Hex(json);
}

absl::StatusOr<v1::CutManifest> ParseManifest(const std::string& path, const std::string& json) {
  v1::CutManifest manifest;
  if (const absl::Status parsed = JsonToProto(json, &manifest); !parsed.ok()) {
    return absl::DataLossError(absl::StrCat(path, ": ", parsed.message()));
  }
  if (manifest.format_version() == 0 || manifest.format_version() > kCutFormatVersion) {
    return absl::DataLossError(absl::StrCat(path, ": format version 1 to ", kCutFormatVersion,
                                            " required, got ", manifest.format_version()));
  }
  return manifest;
}

absl::StatusOr<IdentifiedManifest> ReadManifest(FileSystem& fs, const std::string& dir) {
  const std::string path = JoinPath(dir, kManifestName);
  PL_ASSIGN_OR_RETURN(const std::string json, ReadFile(fs, path, kMaxManifestBytes));
  PL_ASSIGN_OR_RETURN(v1::CutManifest manifest, ParseManifest(path, json));
  return IdentifiedManifest{.manifest = std::move(manifest), .xxh3 = Xxh3Hex(json)};
}

absl::StatusOr<std::string> ReadManifestBytes(const ReadableFile& file, const std::string& path,
                                              absl::string_view xxh3) {
  PL_ASSIGN_OR_RETURN(const std::uint64_t size, file.Size());
  if (size > kMaxManifestBytes) {
    return absl::DataLossError(
        absl::StrCat(path, ": at most ", kMaxManifestBytes, " bytes expected, got ", size));
  }
  std::string json(size, '\0');
  PL_RETURN_IF_ERROR(file.ReadAt(0, absl::MakeSpan(json)));
  if (const std::string got = Xxh3Hex(json); got != xxh3) {
    return absl::DataLossError(absl::StrCat(path, ": XXH3 ", xxh3, " expected, got ", got));
  }
  return json;
}

absl::Status RemoveCut(FileSystem& fs, const std::string& dir) {
  if (const std::string manifest = JoinPath(dir, kManifestName); fs.Exists(manifest)) {
    PL_RETURN_IF_ERROR(fs.Remove(manifest));
    PL_RETURN_IF_ERROR(fs.SyncDir(dir));
  }
  PL_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(dir));
  for (const std::string& name : names) PL_RETURN_IF_ERROR(fs.Remove(JoinPath(dir, name)));
  return fs.Remove(dir);
}

}  // namespace paceline
