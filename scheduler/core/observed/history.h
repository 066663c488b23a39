// A curve of bounded length: the newest points as they come, older ones ever more
// rarely, as they grow in number.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_OBSERVED_HISTORY_H_
#define PACELINE_SCHEDULER_CORE_OBSERVED_HISTORY_H_

#include "google/protobuf/repeated_field.h"
#include "proto/cluster.pb.h"

namespace paceline::scheduler {

using History = google::protobuf::RepeatedPtrField<v1::HistoryPoint>;

// Points of a job that has a curve in full.
inline constexpr int kMaxHistoryPoints = 512;

// Drops every second point, counted from the newest, which stays, until there are at
// most `limit` (at least 1).
void ThinHistory(int limit, History* history);

// Adds the newest point. A history that is full is thinned to half of its points first;
// then it returns true.
bool AppendPoint(v1::HistoryPoint point, History* history);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_OBSERVED_HISTORY_H_
