// The part of Coordinator that people call.
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/cut/manifest.h"
#include "common/status/status_macros.h"
#include "scheduler/core/admission/access.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {
namespace {

// Watchers at once.
constexpr size_t kMaxWatches = 1000;

}  // namespace

template <typename Event>
auto Coordinator::Decide(Event event) -> decltype(event(Moment())) {
  Answers answers;
  decltype(event(Moment())) result = absl::UnknownError("not decided");
  {
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(Serving());
    const Moment now = Now();
    result = event(now);
    AfterEvent(now, &answers);
  }
  Run(answers);
  return result;
}

absl::StatusOr<v1::SubmitJobResponse> Coordinator::SubmitJob(const v1::SubmitJobRequest& request,
                                                             const Identity& caller) {
  PL_ASSIGN_OR_RETURN(const std::optional<StartCut> start, ReadStartCut(request, caller));
  // Without the lock: a slow disk holds up nobody but this caller.
  if (const std::string& dir = request.spec().checkpoint().dir(); !dir.empty() && dir[0] == '/') {
    const absl::Status marked = MarkCutRoot(dir, cluster_id_);
    if (!marked.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat("checkpoint.dir: ", std::string(marked.message())));
    }
  }
  PL_ASSIGN_OR_RETURN(const uint64_t job_id, Decide([&](Moment now) {
                        mu_.AssertHeld();
                        return core_->Submit(request, start, now, caller);
                      }));
  v1::SubmitJobResponse response;
  response.set_job_id(job_id);
  return response;
}

absl::StatusOr<std::optional<StartCut>> Coordinator::ReadStartCut(
    const v1::SubmitJobRequest& request, const Identity& caller) {
  std::optional<NamedCut> named;
  {
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(Serving());
    PL_ASSIGN_OR_RETURN(named, core_->StartCutOf(request, caller));
  }
  if (!named.has_value()) return std::nullopt;
  absl::StatusOr<StartCut> read = ReadCut(*std::move(named));
  if (read.ok()) return *std::move(read);
  return absl::Status(read.status().code(),
                      absl::StrCat("start.cut: ", std::string(read.status().message())));
}

absl::StatusOr<StartCut> Coordinator::ReadCut(NamedCut name) const {
  const HeldCuts& cuts = *options_.cuts;
  StartCut cut;
  if (name.manifest_xxh3.empty()) {
    PL_ASSIGN_OR_RETURN(IdentifiedManifest read, ReadManifest(*cuts.options().fs, name.dir));
    name.manifest_xxh3 = std::move(read.xxh3);
    cut.manifest = std::move(read.manifest);
  } else {
    PL_ASSIGN_OR_RETURN(cut.manifest, cuts.Manifest(name.dir, name.manifest_xxh3, name.holders));
  }
  cut.name = std::move(name);
  return cut;
}

absl::StatusOr<v1::Job> Coordinator::GetJob(const v1::GetJobRequest& request,
                                            const Identity& caller) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  return core_->GetJob(request.job_id(), Now(), caller);
}

absl::StatusOr<v1::ListJobsResponse> Coordinator::ListJobs(const v1::ListJobsRequest& request,
                                                           const Identity& caller) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  return core_->ListJobs(request, Now(), caller);
}

absl::StatusOr<v1::Job> Coordinator::CancelJob(const v1::CancelJobRequest& request,
                                               const Identity& caller) {
  return Decide([&](Moment now) {
    mu_.AssertHeld();
    return core_->Cancel(request, now, caller);
  });
}

absl::StatusOr<v1::CheckpointJobResponse> Coordinator::CheckpointJob(
    const v1::CheckpointJobRequest& request, const Identity& caller) {
  return Decide([&](Moment now) {
    mu_.AssertHeld();
    return core_->Checkpoint(request, now, caller);
  });
}

absl::StatusOr<v1::NodeStatus> Coordinator::DrainNode(const v1::DrainNodeRequest& request,
                                                      const Identity& caller) {
  return Decide([&](Moment now) {
    mu_.AssertHeld();
    return core_->DrainNode(request, now, caller);
  });
}

void Coordinator::DeleteJob(const v1::DeleteJobRequest& request, const Identity& caller,
                            DeleteDone done) {
  absl::StatusOr<bool> begun = Decide([&](Moment now) -> absl::StatusOr<bool> {
    mu_.AssertHeld();
    if (deletes_.size() >= kMaxDeletes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("at most ", kMaxDeletes, " calls wait for a deletion at once"));
    }
    PL_RETURN_IF_ERROR(core_->Delete(request.job_id(), now, caller));
    deletes_.emplace(request.job_id(), done);
    return true;
  });
  if (!begun.ok()) done(begun.status());
}

absl::StatusOr<v1::Cluster> Coordinator::DescribeCluster() {
  // Reads files: outside the lock.
  v1::HostStatus host;
  if (options_.host) host = options_.host();
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  v1::Cluster cluster = core_->DescribeCluster(Now());
  *cluster.mutable_host() = std::move(host);
  cluster.set_address(address_);
  cluster.set_http_address(http_address_);
  return cluster;
}

absl::StatusOr<JobRows> Coordinator::ListJobRows(const Identity& caller) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  return core_->ListJobRows(Now(), caller);
}

absl::StatusOr<CommittedCut> Coordinator::FindCut(uint64_t job_id, uint64_t cut_id,
                                                  const Identity& caller) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  const v1::JobRecord* job = core_->state().FindJob(job_id);
  if (job == nullptr) return absl::NotFoundError(absl::StrCat("job ", job_id, " does not exist"));
  PL_RETURN_IF_ERROR(CheckSee(caller, *job));
  const uint64_t wanted = cut_id == 0 ? job->committed_cut_id() : cut_id;
  std::vector<uint64_t> kept;
  for (const v1::CutRecord& cut : job->cuts()) {
    if (cut.cut_id() == wanted) {
      CommittedCut found{.dir = cut.dir(), .manifest_xxh3 = cut.manifest_xxh3(), .holders = {}};
      for (const v1::ShardServer& holder : cut.holders()) *found.holders.Add() = holder.address();
      return found;
    }
    kept.push_back(cut.cut_id());
  }
  if (kept.empty())
    return absl::NotFoundError(absl::StrCat("job ", job_id, " has no committed cut"));
  return absl::NotFoundError(absl::StrCat("job ", job_id, " has no cut ", cut_id, "; it keeps ",
                                          absl::StrJoin(kept, ", ")));
}

absl::StatusOr<v1::StateSnapshot> Coordinator::Snapshot(const Identity& caller) {
  PL_RETURN_IF_ERROR(CheckAdmin(caller, "back the state up"));
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  return core_->state().Snapshot();
}

absl::Status Coordinator::WatchJob(uint64_t job_id, const Identity& caller,
                                   std::shared_ptr<JobWatcher> watcher) {
  absl::StatusOr<v1::Job> job = v1::Job();
  {
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(Serving());
    if (watches_.size() >= kMaxWatches) {
      return absl::ResourceExhaustedError(
          absl::StrCat("at most ", kMaxWatches, " watchers are served at once"));
    }
    const Moment now = Now();
    PL_ASSIGN_OR_RETURN(job, core_->GetJob(job_id, now, caller));
    if (!HasEnded(job->state())) {
      // Offered the first message by the thread that keeps the time, as all others.
      watches_.push_back({.job_id = job_id,
                          .watcher = std::move(watcher),
                          .version = WatchVersion(job_id) - 1,
                          .next = now.monotonic});
      wake_.NotifyAll();
      return absl::OkStatus();
    }
  }
  watcher->Offer(*job, /*last=*/true);
  return absl::OkStatus();
}

}  // namespace paceline::scheduler
