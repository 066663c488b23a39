// The command line of a scheduler, beside the flags that all daemons share.
#ifndef PACELINE_SCHEDULER_SCHEDULER_FLAGS_H_
#define PACELINE_SCHEDULER_SCHEDULER_FLAGS_H_

#include <CLI/CLI.hpp>

#include "scheduler/scheduler.h"

namespace paceline::scheduler {

// `options` outlives `app`; what they are before is the default.
void AddSchedulerFlags(CLI::App* app, Scheduler::Options* options);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_SCHEDULER_FLAGS_H_
