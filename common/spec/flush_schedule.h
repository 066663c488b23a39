// When ranks send all that compression has left behind.
//
// topk and onebit leave a residual on the rank, which no cut holds. Under bsp it is zero
// after every round of which a cut may be: the push before carries gradient and residual
// whole, as float32 (a flush), and a job that goes back to the cut has lost nothing.
//
//   iteration t flushes   where (t + 1) % checkpoint.every_iterations == 0, and the last one
//   rounds of cuts        multiples of checkpoint.every_iterations, and the last one
//
// Under ssp and asp nothing is flushed: cuts are not of one iteration, and a residual that
// is lost is reported.
//
// Immutable.
#ifndef PACELINE_COMMON_SPEC_FLUSH_SCHEDULE_H_
#define PACELINE_COMMON_SPEC_FLUSH_SCHEDULE_H_

#include <cstdint>

#include "proto/job.pb.h"

namespace paceline {

class FlushSchedule {
 public:
  // `spec` is valid and has its defaults.
  explicit FlushSchedule(const v1::JobSpec& spec);

  // bsp, and some table's gradients leave a residual: what a rank holds between two
  // flushes is nowhere else.
  bool flushes() const { return every_ > 0; }

  // Whether the push of `iteration` is a flush. `total`: iterations of the rank, from start
  // to end.
  bool At(uint64_t iteration, uint64_t total) const;

  // The first round from `round` on of which a cut may be, but for the last of all.
  uint64_t CutRound(uint64_t round) const;

 private:
  // Rounds from one flush to the next; 0: none.
  uint64_t every_ = 0;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_FLUSH_SCHEDULE_H_
