// Spans that follow one another on a track, from here to the end of the scope.
//
//   TraceScope scope(trace, TraceTrack::kCompute, "forward", batch.iteration);
//   ... forward ...
//   scope.Next("backward");
//   ... backward ...
#ifndef PACELINE_WORKER_CORE_TRACE_TRACE_SCOPE_H_
#define PACELINE_WORKER_CORE_TRACE_TRACE_SCOPE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "worker/core/trace/tracer.h"

namespace paceline::worker {

// Who gets spans, and the clock that dates them. Without a tracer nothing is dated, and the
// clock may be null too. Both outlive what they are given to.
struct Trace {
  Tracer* tracer = nullptr;
  Clock* clock = nullptr;
};

// Owned by one thread.
class TraceScope {
 public:
  // `name` is a literal.
  TraceScope(const Trace& trace, TraceTrack track, absl::string_view name, uint64_t iteration)
      : trace_(trace), track_(track), name_(name), iteration_(iteration), begin_(Now()) {}
  ~TraceScope() { Add(Now()); }
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

  // Ends the present span; the next begins.
  void Next(absl::string_view name) {
    const absl::Duration now = Now();
    Add(now);
    name_ = name;
    begin_ = now;
  }

 private:
  absl::Duration Now() const {
    return trace_.tracer == nullptr ? absl::ZeroDuration() : trace_.clock->Monotonic();
  }
  void Add(absl::Duration end) {
    if (trace_.tracer != nullptr) trace_.tracer->Add({track_, name_, iteration_, begin_, end});
  }

  const Trace trace_;
  const TraceTrack track_;
  absl::string_view name_;
  const uint64_t iteration_;
  absl::Duration begin_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TRACE_TRACE_SCOPE_H_
