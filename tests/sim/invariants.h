// What must hold in every simulated cluster, whatever happens to it.
//
//   * a shard has one owner under one epoch (shard_owners.h);
//   * a job that has ended never moves again;
//   * a grant belongs to its rank for good, and every position of every epoch is
//     granted to one rank, once;
//   * the journal replays to the live state;
//   * the sums of a job that has succeeded are exact, in all and of each rank.
//
// A breach fails the test that calls. Owned by one thread.
#ifndef PACELINE_TESTS_SIM_INVARIANTS_H_
#define PACELINE_TESTS_SIM_INVARIANTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "proto/cluster.pb.h"
#include "proto/state.pb.h"
#include "tests/sim/sim_cluster.h"

namespace paceline::sim {

class Invariants {
 public:
  explicit Invariants(SimCluster* cluster) : cluster_(cluster) {}

  // To be called after every event.
  void Watch();
  // UNSPECIFIED: it has not been seen to end.
  v1::JobState EndOf(uint64_t job_id) const;

  // Nothing while the scheduler is down.
  void CheckReplay();
  // The job has succeeded on so many records.
  void CheckExact(uint64_t job_id, uint64_t records);

 private:
  struct End {
    v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
    std::string reason;
  };
  void CollectGrants(const v1::JobRecord& job);
  void CheckGrants(const v1::JobRecord& job, uint64_t records);

  SimCluster* const cluster_;
  // The journal's index when the state was last looked at.
  uint64_t seen_ = 0;
  std::map<uint64_t, End> ended_;
  // By job; of each by rank and number.
  std::map<uint64_t, std::map<std::pair<int, uint32_t>, std::string>> grants_;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_INVARIANTS_H_
