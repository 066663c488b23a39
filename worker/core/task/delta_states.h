// Which states of dense shards a rank's Parameters hold, so that a pull by DELTA can name
// them and be answered with what has changed.
//
// As PullBlock.base has it: the state plus one, 0 for none. It belongs to one Parameters
// and one opening of the rank, and goes with either. A shard without a state is asked for
// whole.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_CORE_TASK_DELTA_STATES_H_
#define PACELINE_WORKER_CORE_TASK_DELTA_STATES_H_

#include <cstdint>
#include <vector>

namespace paceline::worker {

class DeltaStates {
 public:
  explicit DeltaStates(uint32_t shards) : bases_(shards, 0) {}

  uint64_t Base(uint32_t shard) const { return bases_[shard]; }
  void Set(uint32_t shard, uint64_t state) { bases_[shard] = state + 1; }
  // Its rows are about to be written, perhaps in part.
  void Forget(uint32_t shard) { bases_[shard] = 0; }

 private:
  std::vector<uint64_t> bases_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_DELTA_STATES_H_
