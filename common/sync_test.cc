#include "common/sync.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace paceline {
namespace {

TEST_CASE("MutexLock keeps increments of several threads apart") {
  struct {
    Mutex mu;
    int n ABSL_GUARDED_BY(mu) = 0;
  } state;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        MutexLock lock(&state.mu);
        ++state.n;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  MutexLock lock(&state.mu);
  REQUIRE(state.n == 4000);
}

TEST_CASE("CondVar hands a value from thread to thread") {
  struct {
    Mutex mu;
    CondVar changed;
    int turn ABSL_GUARDED_BY(mu) = 0;
  } state;
  std::thread other([&] {
    MutexLock lock(&state.mu);
    while (state.turn != 1) state.changed.Wait(&state.mu);
    state.turn = 2;
    state.changed.NotifyAll();
  });
  {
    MutexLock lock(&state.mu);
    state.turn = 1;
    state.changed.NotifyOne();
    while (state.turn != 2) state.changed.Wait(&state.mu);
  }
  other.join();
}

TEST_CASE("TryLock fails while another thread holds the mutex") {
  Mutex mu;
  const auto try_elsewhere = [&] {
    bool got = false;
    std::thread([&] {
      if (mu.TryLock()) {
        got = true;
        mu.Unlock();
      }
    }).join();
    return got;
  };
  {
    MutexLock lock(&mu);
    REQUIRE_FALSE(try_elsewhere());
  }
  REQUIRE(try_elsewhere());
}

}  // namespace
}  // namespace paceline
