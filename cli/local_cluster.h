// A whole cluster on this machine, for one job.
#ifndef PACELINE_CLI_LOCAL_CLUSTER_H_
#define PACELINE_CLI_LOCAL_CLUSTER_H_

#include <string>

#include "absl/status/status.h"

namespace paceline::cli {

// Implementations: ProcessCluster (real processes).
//
// Thread-compatible.
class LocalCluster {
 public:
  // Stops what still runs.
  virtual ~LocalCluster() = default;

  // host:port of the scheduler.
  virtual std::string scheduler_address() const = 0;

  // OK while all of it lives; else which part ended, how, and its last log lines.
  // Errors: Internal
  virtual absl::Status Check() = 0;

  // Ends all parts in good order and waits for them. To be called once.
  // Errors: Internal  a part had to be killed, or ended with an error.
  virtual absl::Status Stop() = 0;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_CLUSTER_H_
