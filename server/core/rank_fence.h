// Which world a server serves a job in, and which task plays each rank: refuses
// what comes from another timeline, epoch or incarnation.
//
//   check         refusal             what the client does
//   timeline      STALE_TIMELINE      reopens
//   epoch         STALE_EPOCH         refreshes the shard map
//   rank          INVALID             (a bug)
//   incarnation   RANK_NOT_OPEN       opens the rank: nobody has, or an older one
//                 STALE_INCARNATION   stops: a newer one plays the rank
//
// in this order. Incarnations count from 1.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_RANK_FENCE_H_
#define PACELINE_SERVER_CORE_RANK_FENCE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "proto/data.pb.h"

namespace paceline::server {

class RankFence {
 public:
  RankFence(uint64_t job_id, uint64_t timeline, uint64_t epoch, uint32_t ranks);

  // Errors: as the table above.
  absl::Status Check(const v1::RequestContext& context) const;

  // The incarnation plays the rank from now on. Repeatable.
  // Errors: as Check, but a newer incarnation is welcome; INVALID for incarnation 0.
  absl::Status Open(const v1::RequestContext& context);

  // A newer map on the same timeline. `epoch` is not smaller than epoch().
  void SetEpoch(uint64_t epoch);

  uint64_t timeline() const { return timeline_; }
  uint64_t epoch() const { return epoch_; }
  // 0: not open.
  uint64_t incarnation(uint32_t rank) const { return incarnations_[rank]; }

 private:
  absl::Status CheckWorld(const v1::RequestContext& context) const;

  const uint64_t job_id_;
  const uint64_t timeline_;
  uint64_t epoch_;
  std::vector<uint64_t> incarnations_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_RANK_FENCE_H_
