// The figures of a job whose ranks have finished, while its final cut is written,
// hashed and evaluated: servers and tasks that counted them may die meanwhile, and
// what is in the cut was done all the same.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_VIEWS_FINISHED_H_
#define PACELINE_SCHEDULER_CORE_VIEWS_FINISHED_H_

#include "proto/cluster.pb.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

// Nothing that is seen now falls below what was seen when the ranks had finished.
void KeepFinished(const v1::JobFigures& finished, v1::Job* job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_VIEWS_FINISHED_H_
