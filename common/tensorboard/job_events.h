// A job's curves as TensorBoard's events.
//
//   tag                  from                  step
//   loss                 Job.history           iteration of the slowest rank
//   samples_per_second   Job.history
//   staleness_mean       Job.history
//   step_seconds         Job.history
//   wait_seconds         Job.history
//   eval/<metric>        Job.evals             iteration of the evaluation
//
// Each step of a tag is an event once: a point is new if its step is beyond all that have
// been events. So a job that is rolled back has no second points for the iterations that it
// repeats, and a file that is appended to after a restart none twice.
#ifndef PACELINE_COMMON_TENSORBOARD_JOB_EVENTS_H_
#define PACELINE_COMMON_TENSORBOARD_JOB_EVENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/tensorboard/event.pb.h"
#include "proto/cluster.pb.h"

namespace paceline::tensorboard {

// Thread-compatible.
class JobEvents {
 public:
  // The greatest step of each tag.
  using Steps = std::map<std::string, int64_t>;

  // `written`: what has been events before.
  explicit JobEvents(Steps written = {}) : written_(std::move(written)) {}

  // What is new in the job, which is taken as written from now on. `now_ms`: milliseconds
  // since 1970, for evaluations that no point of the history comes after.
  std::vector<Event> New(const v1::Job& job, int64_t now_ms);

 private:
  // Adds a value unless its step has been one before.
  void Add(const std::string& tag, int64_t step, double value, Event* event);

  Steps written_;
};

// Takes an event that was read from a file into account.
void Remember(const Event& event, JobEvents::Steps* steps);

}  // namespace paceline::tensorboard

#endif  // PACELINE_COMMON_TENSORBOARD_JOB_EVENTS_H_
