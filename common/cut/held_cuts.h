// Replicated cuts: their files lie under the --data-dir of the servers that keep them,
// the manifest also with the scheduler.
//
//   <data dir>/cuts/<cluster id>/<job id>/<cut id, 8 digits>/
//
// The folder of such a cut is named by what follows the data dir: a relative path, the
// same everywhere. A shared folder has an absolute one.
#ifndef PACELINE_COMMON_CUT_HELD_CUTS_H_
#define PACELINE_COMMON_CUT_HELD_CUTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/cut/cut_folder.h"
#include "common/fs.h"
#include "proto/node.pb.h"

namespace paceline {

// "cuts/<cluster id>/<job id>"
std::string HeldCutsDir(absl::string_view cluster_id, uint64_t job_id);

// Whether the path names the folder of a replicated cut.
bool IsHeld(absl::string_view dir);

// OK for a folder of replicated cuts and a name in it, as somebody else may ask for.
// Errors:  InvalidArgument  names what leads elsewhere.
absl::Status CheckHeldPath(absl::string_view dir, absl::string_view name);

// Opens a file in a folder of replicated cuts at "host:port". Any thread.
// Errors:  NotFound, Unavailable, DeadlineExceeded and those of its file system.
using OpenPeerFile = std::function<absl::StatusOr<std::unique_ptr<ReadableFile>>(
    const std::string& address, const std::string& dir, const std::string& name)>;

// Finds cuts, shared and replicated. Thread-safe.
class HeldCuts {
 public:
  struct Options {
    // Outlives this and all that it opens.
    FileSystem* fs = nullptr;
    // Of this server or scheduler. Empty: only shared cuts are asked for.
    std::string data_dir;
    OpenPeerFile open_peer;
    // Of the scheduler, which keeps the manifests. Empty: this is it.
    std::string scheduler;
  };

  explicit HeldCuts(Options options) : options_(std::move(options)) {}

  // Where a folder lies here.
  std::string PathOf(absl::string_view dir) const;

  // manifest.json of a committed cut: the own one, else, of a replicated cut, that of the
  // scheduler or of one of its `holders`, "host:port".
  // Errors:  DataLoss  as ReadManifestBytes and ParseManifest; and those of the file
  //                    system or of the last that was asked.
  using Addresses = google::protobuf::RepeatedPtrField<std::string>;
  absl::StatusOr<std::string> ManifestBytes(const std::string& dir, absl::string_view xxh3,
                                            const Addresses& holders) const;
  absl::StatusOr<v1::CutManifest> Manifest(const std::string& dir, absl::string_view xxh3,
                                           const Addresses& holders) const;

  // The folder of a cut with this manifest, which must outlive it: its own copies come
  // first, then those of the holders.
  std::unique_ptr<CutFolder> Open(const std::string& dir, const v1::CutManifest& manifest) const;

  const Options& options() const { return options_; }

 private:
  const Options options_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_CUT_HELD_CUTS_H_
