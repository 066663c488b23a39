#include "worker/core/data/record_parser.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace paceline::worker {

absl::Status CheckLabel(float label, const RecordLimits& limits) {
  if (limits.classes == 0) return absl::OkStatus();
  if (label >= 0 && label < static_cast<float>(limits.classes) && std::trunc(label) == label) {
    return absl::OkStatus();
  }
  if (limits.classes == 2) {
    return absl::InvalidArgumentError(absl::StrCat("label ", label, ": 0 or 1 expected"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("label ", label, ": an integer from 0 to ", limits.classes - 1, " expected"));
}

}  // namespace paceline::worker
