#include "worker/gpu/fake/fiber.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

namespace paceline::gpu::fake {
namespace {

TEST_CASE("a fiber goes on where it stopped, with its variables") {
  std::string said;
  Fiber fiber([&](Fiber& self) {
    for (int i = 0;; ++i) {
      said += std::to_string(i) + " ";
      self.Suspend();
    }
  });
  for (int i = 0; i < 4; ++i) {
    fiber.Resume();
    said += "| ";
  }
  CHECK(said == "0 | 1 | 2 | 3 | ");
}

TEST_CASE("many fibers take turns, deep in calls and with floating point") {
  std::vector<double> sums(100);
  std::vector<std::unique_ptr<Fiber>> fibers;
  struct Deep {
    static double Down(Fiber& self, int depth, double x) {
      self.Suspend();
      const double below = depth == 0 ? x : Down(self, depth - 1, x * 1.5);
      self.Suspend();
      return below + x;
    }
  };
  for (size_t i = 0; i < sums.size(); ++i) {
    fibers.push_back(std::make_unique<Fiber>([&sums, i](Fiber& self) {
      sums[i] = Deep::Down(self, 20, static_cast<double>(i));
      for (;;) self.Suspend();
    }));
  }
  for (int round = 0; round < 50; ++round) {
    for (const std::unique_ptr<Fiber>& fiber : fibers) fiber->Resume();
  }
  // The sum of 1.5^k for k to 20, and the last term twice.
  double expected = 0;
  double power = 1;
  for (int k = 0; k <= 20; ++k, power *= 1.5) expected += power;
  expected += power / 1.5;
  for (size_t i = 0; i < sums.size(); ++i) CHECK(sums[i] == Approx(expected * i));
}

TEST_CASE("a fiber that is left in the middle goes away with its stack") {
  int rounds = 0;
  for (int i = 0; i < 3000; ++i) {
    Fiber fiber([&](Fiber& self) {
      volatile char room[4096];
      room[i] = 1;
      rounds += room[i];
      for (;;) self.Suspend();
    });
    fiber.Resume();
  }
  CHECK(rounds == 3000);
}

}  // namespace
}  // namespace paceline::gpu::fake
