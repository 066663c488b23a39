// What the data plane counts, for metrics. Monotonic since the start; a call costs a few
// atomic additions.
//
// Thread-safe.
#ifndef PACELINE_SERVER_IO_DATA_PLANE_STATS_H_
#define PACELINE_SERVER_IO_DATA_PLANE_STATS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/metrics/histogram.h"
#include "common/metrics/instruments.h"
#include "proto/data.pb.h"
#include "server/core/consistency_controller.h"

namespace paceline::server {

// kUnknown: a call of a stream that asks for nothing that is known.
enum class DataMethod { kPush, kPull, kOpenRank, kPin, kUnpin, kUnknown };
inline constexpr size_t kDataMethods = 6;
// "Push"
const char* DataMethodName(DataMethod method);

// Status codes from OK to Unauthenticated.
inline constexpr size_t kStatusCodes = 17;

struct DataPlaneStats {
  // 10 us .. 10 s.
  static std::vector<double> LatencyBounds();

  struct Method {
    // By status code.
    std::array<metrics::Counter, kStatusCodes> handled;
    // By Refusal::Kind; the first for errors of another kind.
    std::array<metrics::Counter, v1::Refusal::Kind_ARRAYSIZE> refused;
    // From its arrival to its answer, less what a pull waited for admission.
    metrics::Histogram seconds{LatencyBounds()};
    // Payloads.
    metrics::Counter received_bytes;
    metrics::Counter sent_bytes;
  };

  Method& of(DataMethod method) { return methods[static_cast<size_t>(method)]; }
  const Method& of(DataMethod method) const { return methods[static_cast<size_t>(method)]; }

  // A call was answered with `status`.
  void Handled(DataMethod method, const absl::Status& status, absl::Duration time);
  // A pull of a job of this policy waited to be admitted, and is not waiting any more.
  void Waited(const ConsistencyPolicy& policy, absl::Duration time);

  // Calls answered.
  uint64_t handled(DataMethod method) const;
  // Calls of all methods that were refused with this Refusal::Kind.
  uint64_t refused(int kind) const;
  // Payload bytes of all methods.
  uint64_t received_bytes() const;

  std::array<Method, kDataMethods> methods;
  // Shards that had applied a push before.
  metrics::Counter duplicates;
  // Of the bytes received and sent, those that went through shared memory.
  metrics::Counter shared_bytes;
  // bsp, ssp, asp.
  std::array<metrics::Histogram, ConsistencyPolicy::kNames.size()> pull_wait = {
      metrics::Histogram(LatencyBounds()), metrics::Histogram(LatencyBounds()),
      metrics::Histogram(LatencyBounds())};
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_DATA_PLANE_STATS_H_
