// Where the time of a rank's iterations goes, as spans that anybody on the way adds.
//
//   if (tracer != nullptr) tracer->Add({TraceTrack::kCompute, "forward", iteration, from, to});
#ifndef PACELINE_WORKER_CORE_TRACE_TRACER_H_
#define PACELINE_WORKER_CORE_TRACE_TRACER_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace paceline::worker {

// What works beside the others: spans of one track follow one another.
enum class TraceTrack {
  // read
  kReader,
  // forward, backward
  kCompute,
  // H2D of batches and of parameters
  kCopyIn,
  // D2H
  kCopyOut,
  // push, pull, and the wait for what is not there yet
  kPush,
  kPull,
  kWait,
};

struct TraceSpan {
  TraceTrack track;
  // A literal: it is kept.
  absl::string_view name;
  uint64_t iteration;
  // Clock::Monotonic() of the task.
  absl::Duration begin;
  absl::Duration end;
  // Of what was copied or sent; 0: not said.
  uint64_t bytes = 0;
};

// Thread-safe. Add does not block and does not fail: what is too much is dropped, and
// counted.
class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual void Add(const TraceSpan& span) = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TRACE_TRACER_H_
