#include "common/cut/held_cuts.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/cut/manifest.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

// A replicated cut: the own disk, then the others that hold a file.
class HeldCutFolder final : public CutFolder {
 public:
  HeldCutFolder(const HeldCuts::Options& options, std::string dir, const v1::CutManifest& manifest)
      : options_(options), dir_(std::move(dir)), manifest_(manifest) {}

  int Copies(const v1::CutFile& file) const override { return 1 + file.holders_size(); }

  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenCopy(const v1::CutFile& file,
                                                         int copy) const override {
    if (copy == 0) return options_.fs->OpenForRead(PathOf(file.name()));
    const uint32_t server = file.holders(copy - 1);
    if (server >= static_cast<uint32_t>(manifest_.servers_size())) {
      return absl::DataLossError(absl::StrCat(PathOf(file.name()), ": held by server ", server,
                                              " of ", manifest_.servers_size()));
    }
    return options_.open_peer(manifest_.servers(static_cast<int>(server)), dir_, file.name());
  }

  std::string PathOf(const std::string& name) const override {
    return JoinPath(JoinPath(options_.data_dir, dir_), name);
  }

 private:
  const HeldCuts::Options& options_;
  const std::string dir_;
  const v1::CutManifest& manifest_;
};

bool IsPlainName(absl::string_view name) {
  return !name.empty() && name != "." && name != ".." && !absl::StrContains(name, '/') &&
         !absl::StrContains(name, '\0');
}

}  // namespace

std::string HeldCutsDir(absl::string_view cluster_id, uint64_t job_id) {
  return absl::StrCat("cuts/", cluster_id, "/", job_id);
}

bool IsHeld(absl::string_view dir) { return !dir.empty() && dir.front() != '/'; }

absl::Status CheckHeldPath(absl::string_view dir, absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(dir, '/');
  bool plain = parts.size() == 4 && parts[0] == "cuts" && IsPlainName(name);
  for (const absl::string_view part : parts) plain = plain && IsPlainName(part);
  if (plain) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a file in cuts/CLUSTER/JOB/CUT expected, got \"", name, "\" in \"", dir, "\""));
}

std::string HeldCuts::PathOf(absl::string_view dir) const {
  return IsHeld(dir) ? JoinPath(options_.data_dir, dir) : std::string(dir);
}

absl::StatusOr<std::string> HeldCuts::ManifestBytes(const std::string& dir, absl::string_view xxh3,
                                                    const Addresses& holders) const {
  const std::string path = JoinPath(PathOf(dir), kManifestName);
  const auto read =
      [&](absl::StatusOr<std::unique_ptr<ReadableFile>> file) -> absl::StatusOr<std::string> {
    PL_RETURN_IF_ERROR(file.status());
    return ReadManifestBytes(**file, path, xxh3);
  };
  absl::StatusOr<std::string> json = read(options_.fs->OpenForRead(path));
  if (!IsHeld(dir)) return json;
  std::vector<std::string> peers(holders.begin(), holders.end());
  if (!options_.scheduler.empty()) peers.insert(peers.begin(), options_.scheduler);
  for (size_t i = 0; i < peers.size() && !json.ok(); ++i) {
    json = read(options_.open_peer(peers[i], dir, kManifestName));
  }
  return json;
}

absl::StatusOr<v1::CutManifest> HeldCuts::Manifest(const std::string& dir, absl::string_view xxh3,
                                                   const Addresses& holders) const {
  PL_ASSIGN_OR_RETURN(const std::string json, ManifestBytes(dir, xxh3, holders));
  return ParseManifest(JoinPath(PathOf(dir), kManifestName), json);
}

std::unique_ptr<CutFolder> HeldCuts::Open(const std::string& dir,
                                          const v1::CutManifest& manifest) const {
  if (!IsHeld(dir)) return std::make_unique<SharedCutFolder>(options_.fs, dir);
  return std::make_unique<HeldCutFolder>(options_, dir, manifest);
}

}  // namespace paceline
