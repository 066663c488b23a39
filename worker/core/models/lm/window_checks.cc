#include "worker/core/models/lm/window_checks.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/lm/lm_shape.h"

namespace paceline::worker {

absl::Status CheckWindowSize(uint64_t features, uint64_t context) {
  if (features == context + 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("model.lm.context: windows of context + 1 = %d bytes expected, got data "
                      "with %d features",
                      context + 1, features));
}

absl::Status CheckWindows(const Batch& batch, uint64_t context) {
  if (!batch.dense) {
    return absl::InvalidArgumentError("batch: windows of bytes expected, got sparse records");
  }
  PL_RETURN_IF_ERROR(CheckBatch(batch, context + 1));
  for (uint64_t i = 0; i < batch.dense_values.size(); ++i) {
    const float byte = batch.dense_values[i];
    if (byte >= 0 && byte < kByteValues && byte == std::floor(byte)) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "batch record %d: bytes from 0 to 255 expected, got %g", i / (context + 1), byte));
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
