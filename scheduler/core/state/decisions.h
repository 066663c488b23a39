// What a decision says should happen: updates of the state, and work for the shell.
#ifndef PACELINE_SCHEDULER_CORE_STATE_DECISIONS_H_
#define PACELINE_SCHEDULER_CORE_STATE_DECISIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/state.pb.h"
#include "scheduler/core/state/moment.h"

namespace paceline::scheduler {

// Work with files, done outside the lock; its end comes back as an event.
struct Command {
  enum class Kind {
    // Verify the shard files that the manifest names, then write the manifest.
    kCommitCut,
    // Compute parameters_sha256 of a committed cut.
    kHashCut,
    // Remove cuts older than this one, but for those to keep. Its end is no event.
    kRemoveCuts,
    // Remove all cuts of a job that has ended.
    kDeleteJob,
  };
  Kind kind = Kind::kCommitCut;
  uint64_t job_id = 0;
  uint64_t cut_id = 0;
  // Folder of the cut; kRemoveCuts, kDeleteJob: of the job's cuts.
  std::string dir;
  // kCommitCut: what to verify and write.
  v1::CutManifest manifest;
  // kHashCut: XXH3-128 of manifest.json, as it was committed, and who else has it.
  std::string manifest_xxh3;
  google::protobuf::RepeatedPtrField<std::string> holders;
  // kRemoveCuts: ids.
  std::vector<uint64_t> keep;
};

// Thread-compatible.
struct Decisions {
  // In order; each follows from the state after those before it.
  std::vector<v1::Update> updates;
  std::vector<Command> commands;

  // A new update, dated `now`.
  v1::Update& Add(const Moment& now) {
    updates.emplace_back().set_time_ms(now.wall_ms);
    return updates.back();
  }
  bool empty() const { return updates.empty() && commands.empty(); }
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_DECISIONS_H_
