// In which order the threads of a block take their turns: drawn from a seed.
//
// A round is all threads that can run, shuffled; but some warps are slow, and come only
// when no other can run. Which, is drawn for each block, and again every 32 rounds or so:
// a warp falls many waits behind another, as on a GPU.
//
// Owned by one thread.
#ifndef PACELINE_WORKER_GPU_FAKE_TURN_ORDER_H_
#define PACELINE_WORKER_GPU_FAKE_TURN_ORDER_H_

#include <cstdint>
#include <vector>

namespace paceline::gpu::fake {

class TurnOrder {
 public:
  explicit TurnOrder(uint64_t seed) : random_(seed) {}

  void StartBlock();

  // Moves the threads of the next round from `can_run` to `round`, at least one of them
  // if there are any. What was in `round` is gone.
  void DrawRound(std::vector<uint32_t>* can_run, std::vector<uint32_t>* round);

 private:
  uint64_t Random();

  uint64_t random_;
  // Warps, by bit.
  uint32_t slow_ = 0;
  std::vector<uint32_t> held_;
};

}  // namespace paceline::gpu::fake

#endif  // PACELINE_WORKER_GPU_FAKE_TURN_ORDER_H_
