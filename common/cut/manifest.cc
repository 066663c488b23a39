#include "common/cut/manifest.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
  if (manifest.format_version() == 0 || manifest.format_version() > kCutFormatVersion) {
    return absl::DataLossError(absl::StrCat(path, ": format version 1 to ", kCutFormatVersion,
                                            " required, got ", manifest.format_version()));
  }
  return manifest;
}

}  // namespace paceline
