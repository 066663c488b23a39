// Where the ranks of a job are, for those who follow their logs.
#ifndef PACELINE_CLI_LOGS_PLACEMENTS_H_
#define PACELINE_CLI_LOGS_PLACEMENTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/sync.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

// Thread-safe.
class Placements {
 public:
  struct Place {
    // Of the worker; never empty.
    std::string address;
    uint64_t incarnation = 0;
    // The job has ended: nothing will follow.
    bool last = false;
  };

  // Outlives it.
  explicit Placements(Clock* clock) : clock_(clock) {}

  void Update(const v1::Job& job);
  // Nobody updates it any more, and nobody is to wait.
  void Stop();

  // Waits until an incarnation of the rank beyond `incarnation` has a process, or had one
  // when the job ended. Nothing: there will be none.
  std::optional<Place> Next(uint32_t rank, uint64_t incarnation);

  // Waits, for as long as there is something to wait for; false: Stop was called.
  bool Pause(absl::Duration duration);

 private:
  struct Known {
    Place place;
    // Its log is there to be read.
    bool started = false;
  };

  Clock* const clock_;
  Mutex mu_;
  CondVar changed_;
  std::map<uint32_t, Known> ranks_ ABSL_GUARDED_BY(mu_);
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOGS_PLACEMENTS_H_
