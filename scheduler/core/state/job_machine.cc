#include "scheduler/core/state/job_machine.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace paceline::scheduler {
namespace {

struct Row {
  v1::JobState from;
  JobTrigger trigger;
  v1::JobState to;
};

constexpr Row kTable[] = {
    {v1::JOB_STATE_PENDING, JobTrigger::kAdmit, v1::JOB_STATE_PLACING},
    {v1::JOB_STATE_PENDING, JobTrigger::kFail, v1::JOB_STATE_FAILED},
    {v1::JOB_STATE_PENDING, JobTrigger::kCancel, v1::JOB_STATE_CANCELLED},

    {v1::JOB_STATE_PLACING, JobTrigger::kServe, v1::JOB_STATE_RUNNING},
    {v1::JOB_STATE_PLACING, JobTrigger::kLose, v1::JOB_STATE_RECOVERING},
    {v1::JOB_STATE_PLACING, JobTrigger::kFail, v1::JOB_STATE_FAILED},
    {v1::JOB_STATE_PLACING, JobTrigger::kCancel, v1::JOB_STATE_CANCELLED},

    {v1::JOB_STATE_RUNNING, JobTrigger::kFinish, v1::JOB_STATE_CHECKPOINTING},
    {v1::JOB_STATE_RUNNING, JobTrigger::kLose, v1::JOB_STATE_RECOVERING},
    {v1::JOB_STATE_RUNNING, JobTrigger::kFail, v1::JOB_STATE_FAILED},
    {v1::JOB_STATE_RUNNING, JobTrigger::kCancel, v1::JOB_STATE_CANCELLED},

    {v1::JOB_STATE_RECOVERING, JobTrigger::kAdmit, v1::JOB_STATE_PLACING},
    {v1::JOB_STATE_RECOVERING, JobTrigger::kServe, v1::JOB_STATE_RUNNING},
    {v1::JOB_STATE_RECOVERING, JobTrigger::kLose, v1::JOB_STATE_RECOVERING},
    {v1::JOB_STATE_RECOVERING, JobTrigger::kFail, v1::JOB_STATE_FAILED},
    {v1::JOB_STATE_RECOVERING, JobTrigger::kCancel, v1::JOB_STATE_CANCELLED},

    {v1::JOB_STATE_CHECKPOINTING, JobTrigger::kComplete, v1::JOB_STATE_SUCCEEDED},
    {v1::JOB_STATE_CHECKPOINTING, JobTrigger::kLose, v1::JOB_STATE_RECOVERING},
    {v1::JOB_STATE_CHECKPOINTING, JobTrigger::kFail, v1::JOB_STATE_FAILED},
    {v1::JOB_STATE_CHECKPOINTING, JobTrigger::kCancel, v1::JOB_STATE_CANCELLED},
};

}  // namespace

const char* JobTriggerName(JobTrigger trigger) {
  switch (trigger) {
    case JobTrigger::kAdmit:
      return "admit";
    case JobTrigger::kServe:
      return "serve";
    case JobTrigger::kFinish:
      return "finish";
    case JobTrigger::kComplete:
      return "complete";
    case JobTrigger::kLose:
      return "lose";
    case JobTrigger::kFail:
      return "fail";
    case JobTrigger::kCancel:
      return "cancel";
  }
  return "unknown";
}

std::string JobStateWord(v1::JobState state) {
  return absl::AsciiStrToLower(absl::StripPrefix(v1::JobState_Name(state), "JOB_STATE_"));
}

bool HasEnded(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
         state == v1::JOB_STATE_CANCELLED;
}

absl::StatusOr<v1::JobState> NextJobState(v1::JobState state, JobTrigger trigger) {
  for (const Row& row : kTable) {
    if (row.from == state && row.trigger == trigger) return row.to;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("a job that is ", JobStateWord(state), " cannot ", JobTriggerName(trigger)));
}

absl::Status CheckJobStep(v1::JobState from, v1::JobState to) {
  for (const Row& row : kTable) {
    if (row.from == from && row.to == to) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("a job that is ", JobStateWord(from), " cannot become ", JobStateWord(to)));
}

}  // namespace paceline::scheduler
