#include "scheduler/core/state/job_machine.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>

#include "common/status/status_matchers.h"

namespace paceline::scheduler {
namespace {

constexpr JobTrigger kTriggers[] = {JobTrigger::kAdmit,    JobTrigger::kServe, JobTrigger::kFinish,
                                    JobTrigger::kComplete, JobTrigger::kLose,  JobTrigger::kFail,
                                    JobTrigger::kCancel};

TEST_CASE("every state and trigger: one row per line of the picture, all else refused") {
  // state -> trigger -> state, written down once more by hand.
  const std::map<std::pair<std::string, std::string>, std::string> want = {
      {{"pending", "admit"}, "placing"},
      {{"pending", "fail"}, "failed"},
      {{"pending", "cancel"}, "cancelled"},
      {{"placing", "serve"}, "running"},
      {{"placing", "lose"}, "recovering"},
      {{"placing", "fail"}, "failed"},
      {{"placing", "cancel"}, "cancelled"},
      {{"running", "finish"}, "checkpointing"},
      {{"running", "lose"}, "recovering"},
      {{"running", "fail"}, "failed"},
      {{"running", "cancel"}, "cancelled"},
      {{"recovering", "admit"}, "placing"},
      {{"recovering", "serve"}, "running"},
      {{"recovering", "lose"}, "recovering"},
      {{"recovering", "fail"}, "failed"},
      {{"recovering", "cancel"}, "cancelled"},
      {{"checkpointing", "complete"}, "succeeded"},
      {{"checkpointing", "lose"}, "recovering"},
      {{"checkpointing", "fail"}, "failed"},
      {{"checkpointing", "cancel"}, "cancelled"},
  };
  size_t rows = 0;
  for (int s = v1::JobState_MIN; s <= v1::JobState_MAX; ++s) {
    const auto state = static_cast<v1::JobState>(s);
    for (const JobTrigger trigger : kTriggers) {
      const auto row = want.find({JobStateWord(state), JobTriggerName(trigger)});
      const auto got = NextJobState(state, trigger);
      INFO(JobStateWord(state) << " " << JobTriggerName(trigger));
      if (row == want.end()) {
        CHECK_STATUS(got, absl::StatusCode::kFailedPrecondition, JobTriggerName(trigger));
      } else {
        ++rows;
        REQUIRE(got.ok());
        CHECK(JobStateWord(*got) == row->second);
        CHECK_OK(CheckJobStep(state, *got));
      }
    }
  }
  CHECK(rows == want.size());
}

TEST_CASE("a job that has ended never moves") {
  for (const auto state :
       {v1::JOB_STATE_SUCCEEDED, v1::JOB_STATE_FAILED, v1::JOB_STATE_CANCELLED}) {
    CHECK(HasEnded(state));
    for (int to = v1::JobState_MIN; to <= v1::JobState_MAX; ++to) {
      CHECK_STATUS(CheckJobStep(state, static_cast<v1::JobState>(to)),
                   absl::StatusCode::kFailedPrecondition, "cannot become");
    }
  }
  CHECK_FALSE(HasEnded(v1::JOB_STATE_RECOVERING));
}

}  // namespace
}  // namespace paceline::scheduler
