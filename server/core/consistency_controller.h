// Decides when a rank may read a shard: the three policies as one rule.
//
//   slowest = min over unfinished ranks of progress
//   policy    admitted when
//   BSP       slowest >= t              (round t-1 has been applied)
//   SSP(s)    t - slowest <= s, and the rank's own push t-1 was taken
//   ASP       the rank's own push t-1 was taken
//
// BSP is SSP(0) with rounds: what is read is the state after exactly round t-1,
// which a shard keeps until round t+1 is applied; a read behind that is refused.
// Source: bounded staleness, Ho et al., NIPS 2013.
//
// Progress of a rank counts the iterations taken from it; under BSP a taken
// iteration may still wait in its round. Admission is monotonic: a pull that is
// admitted stays so until its own rank pushes further.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_CONSISTENCY_CONTROLLER_H_
#define PACELINE_SERVER_CORE_CONSISTENCY_CONTROLLER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"

namespace paceline::server {

// A policy is one integer, and whether updates are applied in rounds.
struct ConsistencyPolicy {
  static constexpr uint64_t kUnbounded = std::numeric_limits<uint64_t>::max();

  // Iterations a rank may run ahead of the slowest one.
  uint64_t staleness = 0;
  // Updates are summed per round and applied once (BSP).
  bool rounds = true;

  // As users name it: kNames[index()].
  static constexpr std::array<const char*, 3> kNames = {"bsp", "ssp", "asp"};
  size_t index() const { return rounds ? 0 : staleness == kUnbounded ? 2 : 1; }

  // Unset fields take the defaults of the job reference (bsp; ssp: 4).
  // Errors: InvalidArgument  an unknown policy.
  static absl::StatusOr<ConsistencyPolicy> Of(const v1::ConsistencySpec& spec);
};

class ConsistencyController {
 public:
  enum class Verdict {
    kAdmit,
    // Parked until others, or the rank itself, have pushed more.
    kWait,
    // BSP only: the state after round t-1 is no longer held.
    kGone,
  };

  // `ranks` >= 1; all start at progress 0.
  ConsistencyController(uint32_t ranks, ConsistencyPolicy policy);
  // Goes on from what a cut holds. One entry per rank, at least one.
  ConsistencyController(std::vector<uint64_t> progress, std::vector<bool> finished,
                        ConsistencyPolicy policy);

  // Decides a read of `rank` for iteration `t`. rank < ranks().
  Verdict MayPull(uint32_t rank, uint64_t t) const;

  // Why MayPull says kWait, for people: "waits for rank 3 at iteration 17".
  std::string WaitReason(uint32_t rank, uint64_t t) const;

  // The iteration progress(rank) was taken: progress grows by one. The rank has
  // not finished.
  void Advance(uint32_t rank);

  // The rank has no further iteration and leaves the minimum. Once per rank.
  void Finish(uint32_t rank);

  uint32_t ranks() const { return static_cast<uint32_t>(progress_.size()); }
  const ConsistencyPolicy& policy() const { return policy_; }
  const std::vector<uint64_t>& progress() const { return progress_; }
  bool finished(uint32_t rank) const { return finished_[rank]; }
  const std::vector<bool>& finished() const { return finished_; }
  bool all_finished() const { return unfinished_ == 0; }

  // Smallest progress of an unfinished rank; of any rank, the largest, when all
  // have finished: nothing will be newer. Constant time.
  uint64_t slowest() const { return slowest_; }
  // A rank that slowest() names; when all have finished, the last one.
  uint32_t slowest_rank() const;

 private:
  void Recompute();

  const ConsistencyPolicy policy_;
  std::vector<uint64_t> progress_;
  std::vector<bool> finished_;
  uint32_t unfinished_;
  uint64_t slowest_ = 0;
  // Unfinished ranks whose progress is slowest_.
  uint32_t at_slowest_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_CONSISTENCY_CONTROLLER_H_
