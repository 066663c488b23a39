#include "scheduler/core/admission/submit_rate.h"

#include <algorithm>

namespace paceline::scheduler {

bool SubmitRate::Take(absl::string_view owner, uint64_t per_minute, absl::Duration now) {
  if (per_minute == 0) return true;
  const auto full = static_cast<double>(per_minute);
  if (buckets_.size() >= kMaxBuckets) {
    // Whoever has not come for a minute has a full one.
    std::erase_if(buckets_,
                  [&](const auto& entry) { return now - entry.second.filled >= absl::Minutes(1); });
  }
  auto it = buckets_.find(owner);
  if (it == buckets_.end()) {
    it = buckets_.emplace(std::string(owner), Bucket{.tokens = full, .filled = now}).first;
  }
  Bucket& bucket = it->second;
  const double minutes = absl::FDivDuration(now - bucket.filled, absl::Minutes(1));
  bucket.tokens = std::min(full, bucket.tokens + minutes * full);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace paceline::scheduler
