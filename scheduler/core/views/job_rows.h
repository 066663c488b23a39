// Jobs as rows of a table: what is asked for again and again, and so is kept small.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_VIEWS_JOB_ROWS_H_
#define PACELINE_SCHEDULER_CORE_VIEWS_JOB_ROWS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "proto/cluster.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Rows at most: of jobs that have not ended, and of others.
inline constexpr size_t kMostLiveRows = 500;
inline constexpr size_t kMostEndedRows = 200;

struct JobRows {
  std::vector<v1::Job> jobs;
  // Further ones that are not among them.
  uint64_t left_out = 0;
};

// Of a job: id, name, owner, state, reason, model, policy, number of ranks and servers,
// progress, loss, rate, time to the end, when it was submitted and when it ended. Nothing
// that grows with its ranks or with time.
v1::Job BuildJobRow(const View& view, const v1::JobRecord& job);

// Of the jobs that are `wanted`: the oldest that have not ended, which are those that run or
// come next, then the newest that have.
JobRows BuildJobRows(const View& view, const std::function<bool(const v1::JobRecord&)>& wanted);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_VIEWS_JOB_ROWS_H_
