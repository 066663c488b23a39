// What the data plane counts, for metrics. Monotonic since the start.
//
// Thread-safe.
#ifndef PACELINE_SERVER_IO_DATA_PLANE_STATS_H_
#define PACELINE_SERVER_IO_DATA_PLANE_STATS_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "common/refusal/refusal.h"
#include "proto/data.pb.h"

namespace paceline::server {

struct DataPlaneStats {
  // Calls answered, refused ones included.
  std::atomic<uint64_t> pushes{0};
  std::atomic<uint64_t> pulls{0};
  // Shards that had applied a push before.
  std::atomic<uint64_t> duplicates{0};
  // Payload bytes.
  std::atomic<uint64_t> bytes_in{0};
  std::atomic<uint64_t> bytes_out{0};
  // Of both, those that went through shared memory.
  std::atomic<uint64_t> bytes_shared{0};
  // By Refusal::Kind; the first for errors of another kind.
  std::array<std::atomic<uint64_t>, v1::Refusal::Kind_ARRAYSIZE> refused{};

  void CountRefusal(const absl::Status& status) {
    // A caller that has gone was refused nothing.
    if (!status.ok() && !absl::IsCancelled(status)) ++refused[RefusalKindOf(status)];
  }
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_DATA_PLANE_STATS_H_
