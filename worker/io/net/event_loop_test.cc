#include "worker/io/net/event_loop.h"

#include <catch2/catch.hpp>
#include <future>
#include <vector>

#include "common/clock.h"
#include "common/fake_clock.h"

namespace paceline::worker {
namespace {

// Waits until everything posted so far has run.
void Settle(EventLoop* loop) {
  std::promise<void> through;
  loop->Post([&] { through.set_value(); });
  through.get_future().wait();
}

TEST_CASE("Closures run in order, on one thread that is the loop's") {
  RealClock clock;
  EventLoop loop(&clock, "test");
  std::vector<int> order;
  bool on_loop = true;
  for (int i = 0; i < 100; ++i) {
    loop.Post([&, i] {
      order.push_back(i);
      on_loop = on_loop && loop.OnLoopThread();
    });
  }
  Settle(&loop);
  REQUIRE(order.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(order[i] == i);
  CHECK(on_loop);
  CHECK_FALSE(loop.OnLoopThread());
}

TEST_CASE("Timers run when their time has come, the earlier first") {
  FakeClock clock;
  EventLoop loop(&clock, "test");
  std::vector<int> order;
  std::promise<void> last;
  loop.PostAfter(absl::Seconds(2), [&] {
    order.push_back(2);
    last.set_value();
  });
  loop.PostAfter(absl::Seconds(1), [&] { order.push_back(1); });
  Settle(&loop);
  CHECK(order.empty());
  clock.Advance(absl::Milliseconds(999));
  Settle(&loop);
  CHECK(order.empty());
  clock.Advance(absl::Seconds(2));
  last.get_future().wait();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("After Stop nothing runs any more, and what runs has ended") {
  RealClock clock;
  EventLoop loop(&clock, "test");
  int ran = 0;
  std::promise<void> entered;
  loop.PostAfter(absl::Hours(1), [&] { ran += 100; });
  loop.Post([&] {
    entered.set_value();
    ++ran;
  });
  entered.get_future().wait();
  loop.Stop();
  CHECK(ran == 1);
  loop.Post([&] { ran += 100; });
  loop.PostAfter(absl::ZeroDuration(), [&] { ran += 100; });
  loop.Stop();
  CHECK(ran == 1);
}

TEST_CASE("What a dropped closure owns is let go without the lock") {
  RealClock clock;
  auto loop = std::make_unique<EventLoop>(&clock, "test");
  struct PostsWhenGone {
    explicit PostsWhenGone(EventLoop* l) : loop(l) {}
    EventLoop* loop;
    ~PostsWhenGone() {
      loop->Post([] {});
    }
  };
  loop->PostAfter(absl::Hours(1), [held = std::make_shared<PostsWhenGone>(loop.get())] {});
  loop->Stop();
}

}  // namespace
}  // namespace paceline::worker
