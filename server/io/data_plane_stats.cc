#include "server/io/data_plane_stats.h"

#include "common/refusal/refusal.h"

namespace paceline::server {

const char* DataMethodName(DataMethod method) {
  switch (method) {
    case DataMethod::kPush:
      return "Push";
    case DataMethod::kPull:
      return "Pull";
    case DataMethod::kOpenRank:
      return "OpenRank";
    case DataMethod::kPin:
      return "Pin";
    case DataMethod::kUnpin:
      return "Unpin";
    case DataMethod::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::vector<double> DataPlaneStats::LatencyBounds() {
  return {1e-5,  2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 0.001, 0.0025, 0.005, 0.01,
          0.025, 0.05,   0.1,  0.25, 0.5,    1,    2.5,   5,      10};
}

void DataPlaneStats::Handled(DataMethod method, const absl::Status& status, absl::Duration time) {
  Method& counts = of(method);
  const auto code = static_cast<size_t>(status.code());
  counts.handled[code].Add();
  counts.seconds.Observe(absl::ToDoubleSeconds(time));
  // A caller that has gone was refused nothing.
  if (!status.ok() && !absl::IsCancelled(status)) counts.refused[RefusalKindOf(status)].Add();
}

void DataPlaneStats::Waited(const ConsistencyPolicy& policy, absl::Duration time) {
  pull_wait[policy.index()].Observe(absl::ToDoubleSeconds(time));
}

uint64_t DataPlaneStats::handled(DataMethod method) const {
  uint64_t sum = 0;
  for (const metrics::Counter& counter : of(method).handled) sum += counter.value();
  return sum;
}

uint64_t DataPlaneStats::refused(int kind) const {
  uint64_t sum = 0;
  for (const Method& method : methods) sum += method.refused[kind].value();
  return sum;
}

uint64_t DataPlaneStats::received_bytes() const {
  uint64_t sum = 0;
  for (const Method& method : methods) sum += method.received_bytes.value();
  return sum;
}

}  // namespace paceline::server
