// `paceline-worker task ...`: what a worker daemon runs for each of its tasks.
#ifndef PACELINE_WORKER_TASK_MAIN_H_
#define PACELINE_WORKER_TASK_MAIN_H_

namespace paceline::worker {

// argv[0] is "task". Returns the exit code: TaskEnd::Code, or 2 after a usage error.
int TaskMain(int argc, char** argv);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_TASK_MAIN_H_
