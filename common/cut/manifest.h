// manifest.json of a cut: what makes a folder of shard files a cut (docs/checkpoint.md).
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_CUT_MANIFEST_H_
#define PACELINE_COMMON_CUT_MANIFEST_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/fs.h"
#include "proto/node.pb.h"

namespace paceline {

inline constexpr char kManifestName[] = "manifest.json";

// Version of the manifest and of the shard files that is written. Readers take this
// one and those before it, and refuse newer ones by name.
inline constexpr std::uint32_t kCutFormatVersion = 1;

// "shard-000012.safetensors"
std::string ShardFileName(std::uint32_t shard);

// Writes the manifest durably into `dir`. Returns the XXH3-128 of its bytes, 32 hex
// digits.
absl::StatusOr<std::string> WriteManifest(FileSystem& fs, const std::string& dir,
                                          const v1::CutManifest& manifest);

struct IdentifiedManifest {
  v1::CutManifest manifest;
  // XXH3-128 of its bytes, 32 hex digits.
  std::string xxh3;
};

// Reads a manifest of which nothing is known.
// Errors:  DataLoss  it is no manifest, or its format version is newer; and those of
//                    the file system.
absl::StatusOr<IdentifiedManifest> ReadManifest(FileSystem& fs, const std::string& dir);

// The bytes of a committed cut's manifest (HeldCuts finds the file).
// Errors:  DataLoss  their XXH3-128 is not `xxh3`, or they are more than 1 GiB; names
//                    `path`; and those of the file.
absl::StatusOr<std::string> ReadManifestBytes(const ReadableFile& file, const std::string& path,
                                              absl::string_view xxh3);

// Such bytes, read.
// Errors:  DataLoss  they are no manifest, or its format version is newer.
absl::StatusOr<v1::CutManifest> ParseManifest(const std::string& path, const std::string& json);

// Removes the folder of a cut and what is in it, the manifest first: what a crash leaves
// is no cut.
absl::Status RemoveCut(FileSystem& fs, const std::string& dir);

}  // namespace paceline

#endif  // PACELINE_COMMON_CUT_MANIFEST_H_
