#include "scheduler/core/lifecycle/cut_flight.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/cut/manifest.h"
#include "scheduler/core/lifecycle/end_job.h"
#include "scheduler/core/ranks/grants.h"
#include "scheduler/core/ranks/waiting.h"
#include "scheduler/core/stored_cuts/best_cut.h"
#include "scheduler/core/stored_cuts/cut_folder.h"
#include "scheduler/core/stored_cuts/holders.h"
#include "scheduler/core/stored_cuts/start_cut.h"

namespace paceline::scheduler {
namespace {

void Abandon(const View& view, const v1::JobRecord& job, std::string reason, bool missed,
             Decisions* out) {
  v1::CutAbandoned* abandoned = out->Add(view.now).mutable_cut_abandoned();
  abandoned->set_job_id(job.job_id());
  abandoned->set_cut_id(job.cut().cut_id());
  abandoned->set_reason(std::move(reason));
  abandoned->set_missed(missed);
}

// The job, if the work that ended was for the cut that it still waits for.
const v1::JobRecord* FindCut(const View& view, const Command& command) {
  const v1::JobRecord* job = view.state.FindJob(command.job_id);
  if (job == nullptr || job->cut().cut_id() != command.cut_id ||
      job->cut().timeline() != job->map().timeline()) {
    return nullptr;
  }
  const bool there =
      job->state() == v1::JOB_STATE_RUNNING || job->state() == v1::JOB_STATE_CHECKPOINTING;
  return there ? job : nullptr;
}

// Ids of the kept cuts that make room for one more, oldest first; but for those that
// another job starts from, and those that evaluations make precious.
std::vector<uint64_t> CutsToDrop(const View& view, const v1::JobRecord& job) {
  const int keep = static_cast<int>(std::max<uint32_t>(1, job.spec().checkpoint().keep()));
  const std::vector<uint64_t> precious = CutsForEvaluations(job);
  std::vector<uint64_t> drop;
  for (int i = 0; i < job.cuts_size() + 1 - keep; ++i) {
    const uint64_t cut_id = job.cuts(i).cut_id();
    if (IsPinned(view.state, job.job_id(), cut_id)) continue;
    if (std::find(precious.begin(), precious.end(), cut_id) == precious.end()) {
      drop.push_back(cut_id);
    }
  }
  return drop;
}

// The smallest progress of each rank over the servers' parts of the cut.
std::vector<uint64_t> CutProgress(const View& view, const v1::JobRecord& job) {
  std::vector<uint64_t> least;
  for (int i = 0; i < job.map().servers_size(); ++i) {
    const auto& progress = FindCutReport(view, job, i)->progress();
    least.resize(std::max(least.size(), static_cast<size_t>(progress.size())),
                 std::numeric_limits<uint64_t>::max());
    for (int rank = 0; rank < progress.size(); ++rank) {
      least[rank] = std::min(least[rank], progress[rank]);
    }
  }
  return least;
}

void Commit(const View& view, const v1::JobRecord& job, const std::string& manifest_xxh3,
            uint64_t iteration, uint64_t bytes, Decisions* out) {
  const uint64_t cut_id = job.cut().cut_id();
  v1::CutCommitted* committed = out->Add(view.now).mutable_cut_committed();
  committed->set_job_id(job.job_id());
  committed->set_cut_id(cut_id);
  committed->set_manifest_xxh3(manifest_xxh3);
  committed->set_iteration(iteration);
  committed->set_bytes(bytes);
  const std::vector<uint64_t> dropped = CutsToDrop(view, job);
  committed->mutable_dropped()->Assign(dropped.begin(), dropped.end());

  // Whatever else lies there was given up, or was dropped before and not removed.
  Command& prune = out->commands.emplace_back();
  prune.kind = Command::Kind::kRemoveCuts;
  prune.job_id = job.job_id();
  prune.cut_id = cut_id;
  prune.dir = job.checkpoint_dir();
  for (const v1::CutRecord& cut : job.cuts()) {
    if (std::find(dropped.begin(), dropped.end(), cut.cut_id()) == dropped.end()) {
      prune.keep.push_back(cut.cut_id());
    }
  }
}

// The holders of a sealed cut have all done their part, or one cannot.
void PlanHolding(const View& view, const v1::JobRecord& job, Decisions* out) {
  const v1::CutRecord& cut = job.cut();
  if (std::string failed = HolderFailed(view, job); !failed.empty()) {
    Abandon(view, job, std::move(failed), /*missed=*/false, out);
  } else if (HoldersNotDone(view, job).empty()) {
    Commit(view, job, cut.manifest_xxh3(), cut.iteration(), cut.bytes(), out);
  }
}

}  // namespace

bool CutInFlight(const v1::JobRecord& job) {
  const v1::CutRecord& cut = job.cut();
  return cut.cut_id() != 0 && cut.timeline() == job.map().timeline() && !cut.committed() &&
         cut.abandoned().empty();
}

void OrderCut(const View& view, const v1::JobRecord& job, uint64_t round, bool drain,
              Decisions* out) {
  v1::CutOrdered* cut = out->Add(view.now).mutable_cut_ordered();
  cut->set_job_id(job.job_id());
  cut->set_cut_id(job.last_cut_id() + 1);
  cut->set_timeline(job.map().timeline());
  cut->set_dir(CutDir(job.checkpoint_dir(), cut->cut_id()));
  cut->set_round(round);
  cut->set_drain(drain);
}

void PlanCutFlight(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (!CutInFlight(job)) return;
  if (IsSealed(job.cut())) {
    PlanHolding(view, job, out);
    return;
  }
  for (int i = 0; i < job.map().servers_size(); ++i) {
    const v1::CutReport* cut = FindCutReport(view, job, i);
    if (cut == nullptr || cut->error().empty()) continue;
    Abandon(view, job,
            absl::StrCat("server ", job.map().servers(i).node_id(), " (",
                         job.map().servers(i).address(), "): ", cut->error()),
            cut->missed(), out);
    return;
  }
  if (!ServersNotCut(view, job).empty() || view.seen.cut_work(job.job_id())) return;
  absl::StatusOr<v1::CutManifest> manifest = BuildManifest(view, job);
  if (!manifest.ok()) {
    Abandon(view, job, std::string(manifest.status().message()), /*missed=*/false, out);
    return;
  }
  Command& command = out->commands.emplace_back();
  command.kind = Command::Kind::kCommitCut;
  command.job_id = job.job_id();
  command.cut_id = job.cut().cut_id();
  command.dir = job.cut().dir();
  command.manifest = *std::move(manifest);
}

absl::StatusOr<v1::CutManifest> BuildManifest(const View& view, const v1::JobRecord& job) {
  std::map<uint32_t, const v1::CutFile*> files;
  for (int i = 0; i < job.map().servers_size(); ++i) {
    for (const v1::CutFile& file : FindCutReport(view, job, i)->files()) {
      if (file.shard() >= static_cast<uint32_t>(job.map().shards_size()) ||
          !files.emplace(file.shard(), &file).second) {
        return absl::FailedPreconditionError(
            absl::StrCat("shard ", file.shard(), " of ", job.map().shards_size(),
                         " does not exist or was written twice (", file.name(), ")"));
      }
    }
  }
  v1::CutManifest manifest;
  manifest.set_format_version(kCutFormatVersion);
  manifest.set_job_id(job.job_id());
  manifest.set_cut_id(job.cut().cut_id());
  manifest.set_timeline(job.cut().timeline());
  manifest.set_job_name(job.spec().name());
  *manifest.mutable_tables() = job.map().tables();
  *manifest.mutable_shards() = job.map().shards();
  for (int shard = 0; shard < job.map().shards_size(); ++shard) {
    const auto it = files.find(static_cast<uint32_t>(shard));
    if (it == files.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("no server wrote a file for shard ", shard));
    }
    *manifest.add_files() = *it->second;
  }
  if (IsReplicated(job)) NameHolders(view, job, &manifest);
  const std::vector<uint64_t> progress = CutProgress(view, job);
  manifest.mutable_progress()->Assign(progress.begin(), progress.end());
  *manifest.mutable_spec() = job.spec();
  *manifest.mutable_facts() = job.facts();
  if (UsesGrants(job)) {
    for (const v1::RankRecord& rank : job.ranks()) {
      *manifest.add_grants()->mutable_grants() = rank.grants();
    }
    manifest.set_grant_epoch(job.grant_epoch());
    manifest.set_grant_next(job.grant_next());
  }
  return manifest;
}

void PlanCutCommitted(const View& view, const Command& command,
                      const absl::StatusOr<std::string>& manifest_xxh3, Decisions* out) {
  const v1::JobRecord* job = FindCut(view, command);
  if (job == nullptr || !CutInFlight(*job)) return;
  if (!manifest_xxh3.ok()) {
    Abandon(
        view, *job,
        absl::StrCat("cut ", command.cut_id, ": ", std::string(manifest_xxh3.status().message())),
        /*missed=*/false, out);
    return;
  }
  uint64_t iteration = 0;
  const auto& progress = command.manifest.progress();
  if (!progress.empty()) iteration = *std::min_element(progress.begin(), progress.end());
  uint64_t bytes = 0;
  for (const v1::CutFile& file : command.manifest.files()) bytes += file.bytes();
  if (!IsReplicated(*job)) {
    Commit(view, *job, *manifest_xxh3, iteration, bytes, out);
    return;
  }
  v1::CutSealed* sealed = out->Add(view.now).mutable_cut_sealed();
  sealed->set_job_id(job->job_id());
  sealed->set_cut_id(command.cut_id);
  sealed->set_manifest_xxh3(*manifest_xxh3);
  sealed->set_iteration(iteration);
  sealed->set_bytes(bytes);
  for (v1::ShardServer& holder : HoldersOf(view, command.manifest)) {
    *sealed->add_holders() = std::move(holder);
  }
}

void PlanCutHashed(const View& view, const Command& command,
                   const absl::StatusOr<std::string>& sha256, Decisions* out) {
  const v1::JobRecord* job = FindCut(view, command);
  if (job == nullptr || !job->cut().committed()) return;
  if (!sha256.ok()) {
    EndJob(view, *job, JobTrigger::kFail,
           absl::StrCat("cut ", command.cut_id, ": ", std::string(sha256.status().message())), out);
    return;
  }
  v1::ParametersHashed* hashed = out->Add(view.now).mutable_parameters_hashed();
  hashed->set_job_id(job->job_id());
  hashed->set_cut_id(command.cut_id);
  hashed->set_sha256(*sha256);
}

}  // namespace paceline::scheduler
