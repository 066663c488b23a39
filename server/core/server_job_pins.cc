// Pins: a rank holds at most one. Calls are repeated when their answers are lost, and an Unpin
// may be lost for good, so what is held is told apart by the rank's own numbers, and the next
// pin takes the place of one that nobody released.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"
#include "server/core/server_job.h"

namespace paceline::server {

absl::StatusOr<v1::PinResponse> ServerJob::Pin(const v1::PinRequest& request) {
  const v1::RequestContext& context = request.context();
  const uint64_t number = request.number();
  const MutexLock one_at_a_time(&pin_mu_);
  v1::PinResponse response;
  uint64_t before = 0;
  {
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(CheckOpen(context));
    PL_RETURN_IF_ERROR(fence_.Check(context));
    RankPin& held = pins_[context.rank()];
    if (number != 0 && number == held.number && held.pin != 0) {
      response.set_pin(held.pin);
      return response;
    }
    if (number != 0 && number <= held.number) {
      return InvalidStatus(absl::StrCat("pin ", held.number + 1, " or later of rank ",
                                        context.rank(), " expected, got ", number));
    }
    before = std::exchange(held.pin, 0);
    response.set_pin(next_pin_++);
  }
  if (before != 0) DropPin(before);
  absl::Status pinned = PinShards(response.pin(), context);
  if (pinned.ok()) {
    MutexLock lock(&mu_);
    // It may have been fenced meanwhile.
    pinned = fence_.Check(context);
    if (pinned.ok()) {
      pins_[context.rank()] = {.pin = response.pin(), .number = number};
      return response;
    }
  }
  DropPin(response.pin());
  return pinned;
}

absl::Status ServerJob::PinShards(uint64_t pin, const v1::RequestContext& context) {
  for (const std::unique_ptr<Shard>& shard : shards_) {
    PL_RETURN_IF_ERROR(shard->Pin(pin, context.rank(), context.iteration()));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::UnpinResponse> ServerJob::Unpin(const v1::UnpinRequest& request) {
  const uint32_t rank = request.context().rank();
  {
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(CheckOpen(request.context()));
    PL_RETURN_IF_ERROR(fence_.Check(request.context()));
    if (request.pin() == 0) return v1::UnpinResponse();
    const auto held = std::find_if(pins_.begin(), pins_.end(), [&](const RankPin& of_rank) {
      return of_rank.pin == request.pin();
    });
    // Released before: the reply to the first call was lost.
    if (held == pins_.end()) return v1::UnpinResponse();
    if (const auto holder = held - pins_.begin(); holder != rank) {
      return InvalidStatus(
          absl::StrCat("pin ", request.pin(), ": held by rank ", holder, ", not by rank ", rank));
    }
    held->pin = 0;
  }
  DropPin(request.pin());
  return v1::UnpinResponse();
}

void ServerJob::DropPin(uint64_t pin) {
  for (const std::unique_ptr<Shard>& shard : shards_) shard->Unpin(pin);
}

}  // namespace paceline::server
