#include "worker/gpu/fake/turn_order.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>

namespace paceline::gpu::fake {
namespace {

std::vector<uint32_t> Threads(uint32_t count) {
  std::vector<uint32_t> threads(count);
  std::iota(threads.begin(), threads.end(), 0);
  return threads;
}

// The rounds of a block whose threads run once each, one after the other.
std::vector<uint32_t> Turns(uint64_t seed, uint32_t count) {
  TurnOrder order(seed);
  order.StartBlock();
  std::vector<uint32_t> can_run = Threads(count);
  std::vector<uint32_t> round;
  std::vector<uint32_t> turns;
  while (!can_run.empty()) {
    order.DrawRound(&can_run, &round);
    REQUIRE(!round.empty());
    turns.insert(turns.end(), round.begin(), round.end());
  }
  return turns;
}

TEST_CASE("every thread has its turn, in an order of the seed") {
  std::set<std::vector<uint32_t>> orders;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<uint32_t> turns = Turns(seed, 100);
    CHECK(turns == Turns(seed, 100));
    orders.insert(turns);
    std::sort(turns.begin(), turns.end());
    CHECK(turns == Threads(100));
  }
  CHECK(orders.size() == 20);
}

TEST_CASE("while others can run a slow warp falls behind, and not for ever") {
  TurnOrder order(3);
  order.StartBlock();
  std::vector<uint32_t> turns(256);
  uint32_t widest = 0;
  for (int i = 0; i < 2000; ++i) {
    std::vector<uint32_t> can_run = Threads(256);
    std::vector<uint32_t> round;
    order.DrawRound(&can_run, &round);
    CHECK(can_run.size() + round.size() == 256);
    for (const uint32_t thread : round) ++turns[thread];
    const auto [least, most] = std::minmax_element(turns.begin(), turns.end());
    widest = std::max(widest, *most - *least);
  }
  CHECK(widest > 12);
  CHECK(*std::min_element(turns.begin(), turns.end()) > 500);
}

}  // namespace
}  // namespace paceline::gpu::fake
