#include "worker/core/task/call_deadline.h"

#include "common/check.h"

namespace paceline::worker {

absl::Duration CallDeadline(const DeadlineOptions& options, uint64_t bytes) {
  PL_CHECK_GT(options.floor_bytes_per_second, 0u);
  return options.least + absl::Seconds(static_cast<double>(bytes) /
                                       static_cast<double>(options.floor_bytes_per_second));
}

}  // namespace paceline::worker
