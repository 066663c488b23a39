#include "worker/gpu/fake/turn_order.h"

#include <cstddef>
#include <utility>

namespace paceline::gpu::fake {
namespace {

constexpr uint32_t kWarpThreads = 32;
// For how many rounds, on average, the same warps are slow.
constexpr uint64_t kRoundsOfPace = 32;

}  // namespace

// splitmix64 (Steele, Lea and Flood, 2014).
uint64_t TurnOrder::Random() {
  uint64_t z = random_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void TurnOrder::StartBlock() { slow_ = static_cast<uint32_t>(Random()); }

void TurnOrder::DrawRound(std::vector<uint32_t>* can_run, std::vector<uint32_t>* round) {
  if (Random() % kRoundsOfPace == 0) slow_ = static_cast<uint32_t>(Random());
  round->clear();
  held_.clear();
  for (const uint32_t thread : *can_run) {
    // A block has at most 32 warps.
    const bool slow = (slow_ >> (thread / kWarpThreads % 32) & 1) != 0;
    (slow ? &held_ : round)->push_back(thread);
  }
  if (round->empty()) std::swap(*round, held_);
  std::swap(*can_run, held_);
  // Fisher and Yates.
  for (size_t i = round->size(); i > 1; --i) {
    std::swap((*round)[i - 1], (*round)[((Random() >> 32) * i) >> 32]);
  }
}

}  // namespace paceline::gpu::fake
