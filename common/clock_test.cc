#include "common/clock.h"

#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "common/fake_clock.h"

namespace paceline {
namespace {

// A condition with the mutex and the variable that announce it.
struct Flag {
  Mutex mu;
  CondVar changed;
  bool set ABSL_GUARDED_BY(mu) = false;

  void Set() {
    MutexLock lock(&mu);
    set = true;
    changed.NotifyAll();
  }
  bool AwaitUntil(Clock& clock, absl::Duration deadline) {
    MutexLock lock(&mu);
    return clock.Await(&mu, &changed, deadline,
                       [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return set; });
  }
};

TEST_CASE("the real clock waits no less than asked, and wakes on notification") {
  RealClock clock;
  Flag flag;
  const absl::Duration deadline = clock.Monotonic() + absl::Milliseconds(5);
  REQUIRE_FALSE(flag.AwaitUntil(clock, deadline));
  REQUIRE(clock.Monotonic() >= deadline);

  std::thread setter([&] { flag.Set(); });
  REQUIRE(flag.AwaitUntil(clock, absl::InfiniteDuration()));
  setter.join();
  REQUIRE(clock.Now() > absl::FromUnixSeconds(0));
}

TEST_CASE("the fake clock stands still until it is advanced") {
  FakeClock clock(absl::FromUnixSeconds(5));
  REQUIRE(clock.Monotonic() == absl::ZeroDuration());
  clock.Advance(absl::Seconds(2));
  REQUIRE(clock.Monotonic() == absl::Seconds(2));
  REQUIRE(clock.Now() == absl::FromUnixSeconds(7));
}

TEST_CASE("a wait with the fake clock ends at its deadline, not before") {
  FakeClock clock;
  Flag flag;
  bool result = true;
  absl::Duration woke;
  std::thread waiter([&] {
    result = flag.AwaitUntil(clock, absl::Seconds(10));
    woke = clock.Monotonic();
  });
  clock.AwaitWaiters(1);
  clock.Advance(absl::Seconds(9));
  clock.AwaitWaiters(1);
  clock.Advance(absl::Seconds(1));
  waiter.join();
  REQUIRE_FALSE(result);
  REQUIRE(woke == absl::Seconds(10));
}

TEST_CASE("a wait whose deadline has passed returns at once") {
  FakeClock clock;
  Flag flag;
  REQUIRE_FALSE(flag.AwaitUntil(clock, absl::ZeroDuration()));
}

TEST_CASE("a notification ends a wait with the fake clock") {
  FakeClock clock;
  Flag flag;
  bool result = false;
  std::thread waiter([&] { result = flag.AwaitUntil(clock, absl::InfiniteDuration()); });
  clock.AwaitWaiters(1);
  flag.Set();
  waiter.join();
  REQUIRE(result);
}

TEST_CASE("a waiter may destroy its mutex as soon as its wait has ended") {
  for (int round = 0; round < 200; ++round) {
    FakeClock clock;
    std::vector<std::thread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back([&] {
        auto flag = std::make_unique<Flag>();
        flag->AwaitUntil(clock, absl::Seconds(1));
      });
    }
    clock.AwaitWaiters(2);
    clock.Advance(absl::Seconds(1));
    for (std::thread& waiter : waiters) waiter.join();
  }
  SUCCEED();
}

TEST_CASE("SleepFor ends when time has passed") {
  FakeClock clock;
  std::thread sleeper([&] { clock.SleepFor(absl::Minutes(1)); });
  clock.AwaitWaiters(1);
  clock.Advance(absl::Minutes(1));
  sleeper.join();
  REQUIRE(clock.Monotonic() == absl::Minutes(1));
}

}  // namespace
}  // namespace paceline
