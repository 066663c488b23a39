// Counters of processes that come and go, added up over all of them: each counts from
// zero, and what it counted before it ended stays.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_OBSERVED_GROWTH_H_
#define PACELINE_SCHEDULER_CORE_OBSERVED_GROWTH_H_

#include <cstdint>
#include <string>

#include "google/protobuf/map.h"
#include "proto/cluster.pb.h"

namespace paceline::scheduler {

// Bounds and kinds that are heeded at most.
inline constexpr int kMaxBounds = 64;
inline constexpr size_t kMaxKinds = 32;

using CountsByKind = google::protobuf::Map<std::string, uint64_t>;

// How far a counter is beyond `before`; one that has fallen began again at zero.
double Growth(double before, double now);
uint64_t Growth(uint64_t before, uint64_t now);

// Adds to `total` what `now` counts beyond `before`, two reports of one process (`before`
// empty: the first one). What has no bounds, too many, or others than `total`, is left out.
void AddGrowth(const v1::Histogram& before, const v1::Histogram& now, v1::Histogram* total);
// The same by kind; kinds beyond kMaxKinds are left out.
void AddGrowth(const CountsByKind& before, const CountsByKind& now, CountsByKind* total);

// Number of values that a histogram counts.
uint64_t CountOf(const v1::Histogram& histogram);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_OBSERVED_GROWTH_H_
