#include "scheduler/core/state/cut_apply.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "scheduler/core/state/job_event.h"

namespace paceline::scheduler {
namespace {

absl::Status CheckCut(const v1::JobRecord& job, uint64_t cut_id) {
  PL_RETURN_IF_ERROR(CheckLive(job, "its cuts are what they are"));
  if (job.cut().cut_id() == cut_id && cut_id != 0) return absl::OkStatus();
  return JobError(job, absl::StrCat("cut ", job.cut().cut_id(), " required, got ", cut_id));
}

// Not committed and not given up.
absl::Status CheckOpenCut(const v1::JobRecord& job, uint64_t cut_id) {
  PL_RETURN_IF_ERROR(CheckCut(job, cut_id));
  if (job.cut().committed()) return JobError(job, "the cut is committed already");
  if (!job.cut().abandoned().empty()) return JobError(job, "the cut was given up");
  return absl::OkStatus();
}

absl::Status Apply(const v1::CheckpointRequested&, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "no cut can be asked for"));
  job->set_wanted_cut(job->last_cut_id() + 1);
  return absl::OkStatus();
}

absl::Status Apply(const v1::CutOrdered& update, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "no cut can be ordered"));
  if (update.cut_id() != job->last_cut_id() + 1) {
    return absl::InvalidArgumentError(absl::StrCat("job ", job->job_id(), ": cut ",
                                                   job->last_cut_id() + 1, " required, got ",
                                                   update.cut_id()));
  }
  job->set_last_cut_id(update.cut_id());
  v1::CutRecord cut;
  cut.set_cut_id(update.cut_id());
  cut.set_timeline(update.timeline());
  cut.set_dir(update.dir());
  cut.set_round(update.round());
  cut.set_drain(update.drain());
  *job->mutable_cut() = std::move(cut);
  return absl::OkStatus();
}

absl::Status Apply(const v1::CutSealed& update, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckOpenCut(*job, update.cut_id()));
  v1::CutRecord* cut = job->mutable_cut();
  cut->set_manifest_xxh3(update.manifest_xxh3());
  cut->set_iteration(update.iteration());
  cut->set_bytes(update.bytes());
  *cut->mutable_holders() = update.holders();
  return absl::OkStatus();
}

// "on 1 server: 2 copies of each file are wanted (checkpoint.replicas)".
std::string HeldText(const v1::JobRecord& job, const v1::CutRecord& cut) {
  if (cut.holders().empty()) return absl::StrCat("in ", cut.dir());
  const uint32_t wanted = job.spec().checkpoint().replicas();
  const auto holders = static_cast<uint32_t>(cut.holders_size());
  std::string text = absl::StrCat("on ", holders, holders == 1 ? " server" : " servers");
  if (holders < wanted) {
    absl::StrAppend(&text, ": ", wanted, " copies of each file are wanted (checkpoint.replicas)");
  }
  return text;
}

absl::Status Apply(const v1::CutCommitted& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckOpenCut(*job, update.cut_id()));
  v1::CutRecord* cut = job->mutable_cut();
  cut->set_committed(true);
  cut->set_manifest_xxh3(update.manifest_xxh3());
  cut->set_iteration(update.iteration());
  cut->set_bytes(update.bytes());
  cut->set_committed_ms(time_ms);
  google::protobuf::RepeatedPtrField<v1::CutRecord> kept;
  for (v1::CutRecord& older : *job->mutable_cuts()) {
    const auto& dropped = update.dropped();
    if (std::find(dropped.begin(), dropped.end(), older.cut_id()) == dropped.end()) {
      kept.Add(std::move(older));
    }
  }
  *kept.Add() = *cut;
  job->mutable_cuts()->Swap(&kept);
  job->set_committed_cut_id(update.cut_id());
  job->set_cuts_missed(0);
  if (update.cut_id() >= job->wanted_cut()) job->set_wanted_cut(0);
  // A long job takes many cuts: one event stands for those in a row.
  if (!job->events().empty() && job->events().rbegin()->kind() == "CUT_COMMITTED") {
    job->mutable_events()->RemoveLast();
  }
  AddEvent(job, time_ms, "CUT_COMMITTED",
           absl::StrCat("cut ", update.cut_id(), " at iteration ", update.iteration(), " ",
                        HeldText(*job, *cut)));
  return absl::OkStatus();
}

absl::Status Apply(const v1::CutAbandoned& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckOpenCut(*job, update.cut_id()));
  job->mutable_cut()->set_abandoned(update.reason());
  if (update.missed()) {
    job->set_cuts_missed(job->cuts_missed() + 1);
    return absl::OkStatus();
  }
  job->set_cuts_missed(0);
  if (update.cut_id() >= job->wanted_cut()) job->set_wanted_cut(0);
  AddEvent(job, time_ms, "CUT_FAILED", update.reason());
  return absl::OkStatus();
}

absl::Status Apply(const v1::ParametersHashed& update, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckCut(*job, update.cut_id()));
  if (!job->cut().committed()) return JobError(*job, "the cut is not committed");
  job->mutable_cut()->set_parameters_sha256(update.sha256());
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyCutUpdate(const v1::Update& update, v1::JobRecord* job) {
  switch (update.kind_case()) {
    case v1::Update::kCheckpointRequested:
      return Apply(update.checkpoint_requested(), job);
    case v1::Update::kCutOrdered:
      return Apply(update.cut_ordered(), job);
    case v1::Update::kCutSealed:
      return Apply(update.cut_sealed(), job);
    case v1::Update::kCutCommitted:
      return Apply(update.cut_committed(), update.time_ms(), job);
    case v1::Update::kCutAbandoned:
      return Apply(update.cut_abandoned(), update.time_ms(), job);
    case v1::Update::kParametersHashed:
      return Apply(update.parameters_hashed(), job);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("job ", job->job_id(), ": not an update about cuts"));
  }
}

}  // namespace paceline::scheduler
