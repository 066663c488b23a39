#include "scheduler/core/ending.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduler/core/end_job.h"
#include "scheduler/core/liveness.h"
#include "scheduler/core/progress.h"
#include "scheduler/core/waiting.h"

namespace paceline::scheduler {
namespace {

constexpr uint32_t kManifestFormatVersion = 1;

void Fail(const View& view, const v1::JobRecord& job, std::string reason, Decisions* out) {
  EndJob(view, job, JobTrigger::kFail,
         absl::StrCat("cut ", job.cut().cut_id(), ": ", std::move(reason)), out);
}

void PlanCommit(const View& view, const v1::JobRecord& job, Decisions* out) {
  for (int i = 0; i < job.map().servers_size(); ++i) {
    const v1::CutReport* cut = FindCutReport(view, job, i);
    if (cut != nullptr && !cut->error().empty()) {
      Fail(view, job,
           absl::StrCat("server ", job.map().servers(i).node_id(), " (",
                        job.map().servers(i).address(), "): ", cut->error()),
           out);
      return;
    }
  }
  if (!ServersNotCut(view, job).empty() || view.seen.cut_work(job.job_id())) return;
  absl::StatusOr<v1::CutManifest> manifest = BuildManifest(view, job);
  if (!manifest.ok()) {
    Fail(view, job, std::string(manifest.status().message()), out);
    return;
  }
  Command& command = out->commands.emplace_back();
  command.kind = Command::Kind::kCommitCut;
  command.job_id = job.job_id();
  command.cut_id = job.cut().cut_id();
  command.dir = job.cut().dir();
  command.manifest = *std::move(manifest);
}

void PlanHash(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (view.seen.cut_work(job.job_id())) return;
  Command& command = out->commands.emplace_back();
  command.kind = Command::Kind::kHashCut;
  command.job_id = job.job_id();
  command.cut_id = job.cut().cut_id();
  command.dir = job.cut().dir();
  command.manifest_xxh3 = job.cut().manifest_xxh3();
}

// A server that will not be heard any more.
bool AnyServerGone(const View& view, const v1::JobRecord& job) {
  return std::any_of(job.map().servers().begin(), job.map().servers().end(),
                     [&](const v1::ShardServer& server) {
                       return !NodeGone(view, server.node_id(), server.incarnation()).empty();
                     });
}

// True if the final evaluation is in the state, or none is asked for.
bool EvalIsThere(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (!NeedsFinalEval(job) || job.has_final_eval()) return true;
  const TaskObservation* task = view.seen.FindTask(job.job_id(), 0, job.ranks(0).incarnation());
  if (task == nullptr || !task->report.final_eval_done() ||
      task->report.timeline() != job.map().timeline()) {
    return false;
  }
  v1::FinalEvalDone* done = out->Add(view.now).mutable_final_eval_done();
  done->set_job_id(job.job_id());
  done->mutable_eval();
  if (!task->report.evals().empty()) *done->mutable_eval() = *task->report.evals().rbegin();
  return false;
}

}  // namespace

std::string CutDir(absl::string_view checkpoint_dir, uint64_t cut_id) {
  return absl::StrFormat("%s/%08d", checkpoint_dir, cut_id);
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
  manifest.set_format_version(kManifestFormatVersion);
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
  for (const RankProgress& rank : ProgressOf(view, job)) manifest.add_progress(rank.iterations);
  return manifest;
}

void PlanFinish(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (job.state() != v1::JOB_STATE_RUNNING) return;
  // Most of the time a look at the first rank is enough.
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const TaskObservation* task =
        view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation());
    if (task != nullptr && !task->report.progress().finished()) return;
  }
  const std::vector<RankProgress> ranks = ProgressOf(view, job);
  if (!std::all_of(ranks.begin(), ranks.end(), [](const auto& rank) { return rank.finished; })) {
    return;
  }
  v1::JobStateChanged* changed = out->Add(view.now).mutable_job_state_changed();
  changed->set_job_id(job.job_id());
  changed->set_state(v1::JOB_STATE_CHECKPOINTING);
  v1::CutOrdered* cut = out->Add(view.now).mutable_cut_ordered();
  cut->set_job_id(job.job_id());
  cut->set_cut_id(job.last_cut_id() + 1);
  cut->set_timeline(job.map().timeline());
  cut->set_dir(CutDir(job.checkpoint_dir(), cut->cut_id()));
}

void PlanFinalCut(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (job.state() != v1::JOB_STATE_CHECKPOINTING) return;
  const bool evaluated = EvalIsThere(view, job, out);
  if (!job.cut().committed()) {
    PlanCommit(view, job, out);
  } else if (job.cut().parameters_sha256().empty()) {
    PlanHash(view, job, out);
  } else if (evaluated && (AllHeard(view, job) || AnyServerGone(view, job))) {
    EndJob(view, job, JobTrigger::kComplete, "", out);
  }
}

}  // namespace paceline::scheduler
