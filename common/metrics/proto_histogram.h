// Histograms as daemons tell them to each other.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_METRICS_PROTO_HISTOGRAM_H_
#define PACELINE_COMMON_METRICS_PROTO_HISTOGRAM_H_

#include "absl/status/statusor.h"
#include "common/metrics/histogram.h"
#include "proto/cluster.pb.h"

namespace paceline::metrics {

// Into `to`, whatever it held.
void ToProto(const Buckets& buckets, v1::Histogram* to);

// No bounds and no counts: empty buckets.
// Errors:  InvalidArgument  not one count more than bounds, more than
//                           Histogram::kMostBounds of them, bounds that do not ascend, or
//                           a number that is not finite.
absl::StatusOr<Buckets> FromProto(const v1::Histogram& from);

}  // namespace paceline::metrics

#endif  // PACELINE_COMMON_METRICS_PROTO_HISTOGRAM_H_
