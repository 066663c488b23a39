#include "server/core/job_cut.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline::server {

v1::CutReport FailedCut(const v1::CutOrder& cut, const absl::Status& why) {
  v1::CutReport report;
  report.set_cut_id(cut.cut_id());
  report.set_error(absl::StrCat("cut ", cut.cut_id(), ": ", std::string(why.message())));
  report.set_missed(absl::IsOutOfRange(why));
  return report;
}

void LowerProgress(absl::Span<const uint64_t> progress, v1::CutReport* report) {
  if (report->progress().empty()) {
    report->mutable_progress()->Assign(progress.begin(), progress.end());
    return;
  }
  for (size_t rank = 0; rank < progress.size(); ++rank) {
    uint64_t& least = (*report->mutable_progress())[static_cast<int>(rank)];
    least = std::min(least, progress[rank]);
  }
}

JobCut::JobCut(std::shared_ptr<ServerJob> job, v1::CutOrder order)
    : job_(std::move(job)), order_(std::move(order)) {
  for (const std::unique_ptr<Shard>& shard : job_->shards()) waiting_.push_back(shard.get());
}

JobCut::~JobCut() {
  if (order_.round() == 0) return;
  for (Shard* shard : waiting_) shard->DisarmCut(order_.cut_id());
}

absl::Status JobCut::Begin() {
  if (order_.round() == 0) return job_->CheckAtRest();
  for (Shard* shard : waiting_) {
    PL_RETURN_IF_ERROR(shard->ArmCut(order_.cut_id(), order_.round()).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<JobCut::Copy>> JobCut::Next() {
  for (size_t looked = 0; looked < waiting_.size(); ++looked) {
    if (next_ >= waiting_.size()) next_ = 0;
    Shard* const shard = waiting_[next_];
    std::optional<ShardSnapshot> state;
    if (order_.round() == 0) {
      PL_ASSIGN_OR_RETURN(state, shard->Snapshot());
    } else {
      PL_ASSIGN_OR_RETURN(state, shard->TakeCut(order_.cut_id()));
    }
    if (state.has_value()) {
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(next_));
      return Copy{.shard = shard, .state = *std::move(state)};
    }
    ++next_;
  }
  return std::nullopt;
}

}  // namespace paceline::server
