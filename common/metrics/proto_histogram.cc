#include "common/metrics/proto_histogram.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "absl/strings/str_cat.h"

namespace paceline::metrics {

void ToProto(const Buckets& buckets, v1::Histogram* to) {
  to->mutable_bounds()->Assign(buckets.bounds.begin(), buckets.bounds.end());
  to->mutable_counts()->Assign(buckets.counts.begin(), buckets.counts.end());
  to->set_sum(buckets.sum);
}

absl::StatusOr<Buckets> FromProto(const v1::Histogram& from) {
  Buckets buckets{.bounds = {from.bounds().begin(), from.bounds().end()},
                  .counts = {from.counts().begin(), from.counts().end()},
                  .sum = from.sum()};
  if (buckets.bounds.empty() && buckets.counts.empty()) return Buckets();
  if (buckets.bounds.size() > Histogram::kMostBounds ||
      buckets.counts.size() != buckets.bounds.size() + 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "histogram: at most ", Histogram::kMostBounds, " bounds and one count more expected, got ",
        buckets.bounds.size(), " bounds and ", buckets.counts.size(), " counts"));
  }
  const bool finite =
      std::isfinite(buckets.sum) && std::all_of(buckets.bounds.begin(), buckets.bounds.end(),
                                                [](double bound) { return std::isfinite(bound); });
  if (!finite || std::adjacent_find(buckets.bounds.begin(), buckets.bounds.end(),
                                    std::greater_equal<>()) != buckets.bounds.end()) {
    return absl::InvalidArgumentError("histogram: finite bounds that ascend expected");
  }
  return buckets;
}

}  // namespace paceline::metrics
