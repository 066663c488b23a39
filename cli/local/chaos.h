// The faults of `pacectl local run --chaos`: injects the events that are due into a
// local cluster and reports each.
//
// The n-th event that concerns a role hits its n-th daemon, counted from the first and
// round again (kill-task: the n-th rank, or the next that has a task). A stopped worker goes on
// after a while.
#ifndef PACELINE_CLI_LOCAL_CHAOS_H_
#define PACELINE_CLI_LOCAL_CHAOS_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/local/chaos_events.h"
#include "cli/local/local_cluster.h"
#include "common/clock.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

// Owned by one thread: the one that started the cluster, whose processes die with it.
class Chaos {
 public:
  struct Options {
    std::vector<ChaosEvent> events;
    // Daemons of the cluster.
    int servers = 0;
    int workers = 0;
    // How long a stopped worker stands still, at least.
    absl::Duration pause = absl::Seconds(2);
    // Kills the process: a task. Not a child of ours.
    std::function<absl::Status(int64_t pid)> kill_task;
    // Gets a line for each fault.
    std::function<void(const std::string&)> report;
  };

  // `cluster` and `clock` outlive it.
  Chaos(Options options, LocalCluster& cluster, Clock& clock);

  // Injects what is due at a state of the job, if it is running. What fails is kept for
  // Tend.
  void See(const v1::Job& job);

  // Lets stopped workers go on whose time has come. To be called often.
  // Errors: those of the faults that could not be injected.
  absl::Status Tend();

  // The job has ended: lets all go on, and reports the events that were never due.
  void Finish();

 private:
  struct Stopped {
    int worker = 0;
    absl::Duration until;
  };

  absl::Status Inject(const ChaosEvent& event, const v1::Job& job);
  absl::Status Kill(DaemonRole role, int count, const std::string& what);
  // Later, if no rank has a task that is known.
  absl::Status KillTask(const ChaosEvent& event, const v1::Job& job, const std::string& what);
  // 0, 1, ..., count - 1, 0, ...: one sequence per key.
  int Next(const std::string& key, int count);
  void Say(const std::string& what, const std::string& whom);

  const Options options_;
  LocalCluster& cluster_;
  Clock& clock_;
  ChaosTrigger trigger_;
  // Due, but there was nobody to hit.
  std::vector<ChaosEvent> waiting_;
  std::map<std::string, int> next_;
  std::vector<Stopped> stopped_;
  absl::Status failed_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_CHAOS_H_
