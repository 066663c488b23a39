#include "worker/core/task/backoff.h"

#include <algorithm>

#include "common/check.h"
#include "common/random.h"

namespace paceline::worker {

absl::Duration Backoff(const BackoffOptions& options, uint64_t seed, uint64_t attempt) {
  PL_CHECK_GE(attempt, 1u);
  // Past 32 doublings every sensible limit is reached.
  const uint64_t doublings = std::min<uint64_t>(attempt - 1, 32);
  const absl::Duration whole =
      std::min(options.most, options.first * static_cast<double>(uint64_t{1} << doublings));
  return whole * (0.5 + 0.5 * RandomUniformDouble(seed, /*stream=*/0, attempt));
}

}  // namespace paceline::worker
