// A rank's trace as Chrome's trace events, which Perfetto and chrome://tracing show.
//
// It is a JSON array with one event a line, such as
//
//   {"ph":"X","name":"forward","pid":3,"tid":3,"ts":81.25,"dur":1200.5,"args":{"iteration":7}},
//
// and is read by both also where it breaks off behind a line: begin, then spans, then perhaps
// the end. Times are in microseconds. The rank is the process, and each track a thread of it.
//
// Pure functions.
#ifndef PACELINE_WORKER_CORE_TRACE_CHROME_TRACE_H_
#define PACELINE_WORKER_CORE_TRACE_CHROME_TRACE_H_

#include <cstdint>
#include <string>

#include "worker/core/trace/tracer.h"

namespace paceline::worker {

// Whose trace it is.
struct TracedRank {
  uint64_t job_id = 0;
  std::string job_name;
  uint32_t rank = 0;
};

// How a trace ended.
struct TraceEnd {
  uint64_t spans = 0;
  // Not in it.
  uint64_t dropped = 0;
};

// Lines that name the rank and its tracks.
std::string ChromeTraceBegin(const TracedRank& rank);
// One line.
std::string ChromeTraceSpan(uint32_t rank, const TraceSpan& span);
// Lines that tell how much was dropped, if anything was, and close the array.
std::string ChromeTraceEnd(uint32_t rank, const TraceEnd& end);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TRACE_CHROME_TRACE_H_
