#include "server/core/rank_fence.h"

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"

namespace paceline::server {

using v1::Refusal;

RankFence::RankFence(uint64_t job_id, uint64_t timeline, uint64_t epoch, uint32_t ranks)
    : job_id_(job_id), timeline_(timeline), epoch_(epoch), incarnations_(ranks, 0) {}

absl::Status RankFence::CheckWorld(const v1::RequestContext& context) const {
  if (context.timeline() != timeline_) {
    return MismatchStatus(Refusal::STALE_TIMELINE, absl::StrCat("job ", job_id_, ": timeline"),
                          timeline_, context.timeline());
  }
  if (context.epoch() != epoch_) {
    return MismatchStatus(Refusal::STALE_EPOCH, absl::StrCat("job ", job_id_, ": epoch"), epoch_,
                          context.epoch());
  }
  if (context.rank() >= incarnations_.size()) {
    return InvalidStatus(absl::StrCat("job ", job_id_, ": rank below ", incarnations_.size(),
                                      " expected, got ", context.rank()));
  }
  return absl::OkStatus();
}

absl::Status RankFence::Check(const v1::RequestContext& context) const {
  PL_RETURN_IF_ERROR(CheckWorld(context));
  const uint64_t open = incarnations_[context.rank()];
  if (context.incarnation() == open && open != 0) return absl::OkStatus();
  return MismatchStatus(
      context.incarnation() < open ? Refusal::STALE_INCARNATION : Refusal::RANK_NOT_OPEN,
      absl::StrCat("job ", job_id_, ": incarnation of rank ", context.rank()), open,
      context.incarnation());
}

absl::Status RankFence::Open(const v1::RequestContext& context) {
  PL_RETURN_IF_ERROR(CheckWorld(context));
  if (context.incarnation() == 0) {
    return InvalidStatus(absl::StrCat("job ", job_id_, ": incarnation of rank ", context.rank(),
                                      ": at least 1 expected, got 0"));
  }
  uint64_t& open = incarnations_[context.rank()];
  if (context.incarnation() < open) return Check(context);
  open = context.incarnation();
  return absl::OkStatus();
}

void RankFence::SetEpoch(uint64_t epoch) {
  PL_CHECK_GE(epoch, epoch_) << "job " << job_id_;
  epoch_ = epoch;
}

}  // namespace paceline::server
