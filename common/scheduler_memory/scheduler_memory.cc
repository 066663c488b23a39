#include "common/scheduler_memory/scheduler_memory.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

std::string Name(const v1::SchedulerIdentity& scheduler) {
  return absl::StrCat("cluster ", scheduler.cluster_id(), ", generation ", scheduler.generation(),
                      ", start ", scheduler.start_nonce(), ", journal index ",
                      scheduler.journal_index());
}

}  // namespace

absl::Status SchedulerMemory::Check(const v1::SchedulerIdentity& scheduler) {
  const char* wrong = nullptr;
  if (last_.cluster_id().empty()) {
    // The first one.
  } else if (scheduler.cluster_id() != last_.cluster_id()) {
    wrong = "is of another cluster";
  } else if (scheduler.generation() < last_.generation()) {
    wrong = "is of an older generation";
  } else if (scheduler.generation() == last_.generation() &&
             scheduler.start_nonce() != last_.start_nonce()) {
    wrong = "is another start of the same generation";
  } else if (scheduler.generation() == last_.generation()
                 ? scheduler.journal_index() < last_.journal_index()
                 : scheduler.start_index() <= last_.journal_index()) {
    // A successor has read all entries of the one before, so it began behind them.
    wrong = "has an older journal";
  }
  if (wrong != nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("the scheduler (", Name(scheduler), ") ",
                                                      wrong, "; heard last: ", Name(last_)));
  }
  last_ = scheduler;
  return absl::OkStatus();
}

}  // namespace paceline
