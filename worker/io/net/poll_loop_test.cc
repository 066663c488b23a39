#include "worker/io/net/poll_loop.h"

#include <catch2/catch.hpp>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/fake_clock.h"

namespace paceline::worker {
namespace {

using Loop = PollLoop<std::string, std::string>;

// A peer that answers when the test says so.
class Peer {
 public:
  struct Call {
    std::string request;
    Loop::Done done;
    bool cancelled = false;
  };

  std::unique_ptr<PendingCall> Start(const std::string& request, Loop::Done done) {
    MutexLock lock(&mu_);
    calls_.push_back(std::make_shared<Call>(Call{request, std::move(done)}));
    changed_.NotifyAll();
    return std::make_unique<Handle>(this, calls_.back());
  }

  // Waits for the n-th call, from 0.
  std::shared_ptr<Call> Await(size_t n) {
    MutexLock lock(&mu_);
    while (calls_.size() <= n) changed_.Wait(&mu_);
    return calls_[n];
  }
  void AwaitCancelled(size_t n) {
    MutexLock lock(&mu_);
    while (!calls_[n]->cancelled) changed_.Wait(&mu_);
  }
  size_t calls() {
    MutexLock lock(&mu_);
    return calls_.size();
  }

 private:
  class Handle final : public PendingCall {
   public:
    Handle(Peer* peer, std::shared_ptr<Call> call) : peer_(peer), call_(std::move(call)) {}
    void Cancel() override {
      {
        MutexLock lock(&peer_->mu_);
        call_->cancelled = true;
        peer_->changed_.NotifyAll();
      }
      call_->done(absl::CancelledError("given up"));
    }

   private:
    Peer* const peer_;
    const std::shared_ptr<Call> call_;
  };

  Mutex mu_;
  CondVar changed_;
  std::vector<std::shared_ptr<Call>> calls_;
};

struct Caller {
  Peer peer;
  Mutex mu;
  std::string state = "a";
  std::vector<std::string> heard;
  std::vector<uint64_t> failures;
  std::vector<bool> silences;
  std::vector<absl::Duration> timeouts;

  Loop::Options Options(Clock* clock) {
    Loop::Options options;
    options.clock = clock;
    options.name = "test";
    options.least_gap = absl::ZeroDuration();
    options.fill = [this] {
      MutexLock lock(&mu);
      return state;
    };
    options.heartbeat = [](const std::string&) { return absl::Seconds(1); };
    options.call = [this](const std::string& request, absl::Duration timeout, Loop::Done done) {
      {
        MutexLock lock(&mu);
        timeouts.push_back(timeout);
      }
      return peer.Start(request, std::move(done));
    };
    options.on_reply = [this](const std::string& reply) {
      MutexLock lock(&mu);
      heard.push_back(reply);
    };
    options.on_failure = [this](const absl::Status&, uint64_t n) {
      MutexLock lock(&mu);
      failures.push_back(n);
    };
    options.on_silence = [this](bool silent) {
      MutexLock lock(&mu);
      silences.push_back(silent);
    };
    return options;
  }
  void Set(const std::string& to) {
    MutexLock lock(&mu);
    state = to;
  }
};

TEST_CASE("It calls again after each answer") {
  RealClock clock;
  Caller caller;
  Loop loop(caller.Options(&clock));
  loop.Start();
  caller.peer.Await(0)->done(std::string("one"));
  caller.Set("b");
  caller.peer.Await(1)->done(std::string("two"));
  CHECK(caller.peer.Await(0)->request == "a");
  CHECK(caller.peer.Await(2)->request == "b");
  loop.Stop();
  CHECK(caller.heard == std::vector<std::string>{"one", "two"});
  CHECK(caller.failures.empty());
}

TEST_CASE("A change gives the waiting call up and is told at once") {
  RealClock clock;
  Caller caller;
  Loop loop(caller.Options(&clock));
  loop.Start();
  caller.peer.Await(0);
  caller.Set("b");
  loop.Wake();
  CHECK(caller.peer.Await(1)->request == "b");
  caller.peer.AwaitCancelled(0);
  loop.Stop();
  CHECK(caller.heard.empty());
  CHECK(caller.failures.empty());
}

TEST_CASE("A failed call is repeated after a back-off, without end") {
  FakeClock clock;
  Caller caller;
  Loop loop(caller.Options(&clock));
  loop.Start();
  for (size_t i = 0; i < 20; ++i) {
    caller.peer.Await(i)->done(absl::UnavailableError("down"));
    clock.AwaitWaiters(1);
    CHECK(caller.peer.calls() == i + 1);
    clock.Advance(absl::Seconds(2));
  }
  caller.peer.Await(20)->done(std::string("up"));
  caller.peer.Await(21)->done(absl::UnavailableError("down"));
  clock.AwaitWaiters(1);
  loop.Stop();
  REQUIRE(caller.failures.size() == 21);
  CHECK(caller.failures[19] == 20);
  CHECK(caller.failures[20] == 1);
}

TEST_CASE("An answer that is late is asked for again at once, and then more patiently") {
  RealClock clock;
  Caller caller;
  Loop loop(caller.Options(&clock));
  loop.Start();
  caller.peer.Await(0)->done(std::string("one"));
  caller.peer.Await(1)->done(absl::DeadlineExceededError("late"));
  caller.peer.Await(2)->done(absl::DeadlineExceededError("late"));
  caller.peer.Await(3)->done(absl::UnavailableError("down"));
  caller.peer.Await(4)->done(std::string("two"));
  caller.peer.Await(5);
  loop.Stop();
  CHECK(caller.failures == std::vector<uint64_t>{1, 2});
  CHECK(caller.timeouts == std::vector<absl::Duration>{absl::Seconds(20), absl::Seconds(2),
                                                       absl::Seconds(4), absl::Seconds(8),
                                                       absl::Seconds(2), absl::Seconds(2)});
}

TEST_CASE("A long silence is told once, and its end") {
  FakeClock clock;
  Caller caller;
  Loop::Options options = caller.Options(&clock);
  options.silent_after = absl::Seconds(10);
  Loop loop(options);
  loop.Start();
  for (size_t i = 0; i < 8; ++i) {
    caller.peer.Await(i)->done(absl::UnavailableError("down"));
    clock.AwaitWaiters(1);
    {
      MutexLock lock(&caller.mu);
      CHECK(caller.silences.size() == (i * 2 >= 10 ? 1 : 0));
    }
    clock.Advance(absl::Seconds(2));
  }
  caller.peer.Await(8)->done(std::string("up"));
  caller.peer.Await(9);
  loop.Stop();
  CHECK(caller.silences == std::vector<bool>{true, false});
}

TEST_CASE("Stop ends the waiting call") {
  RealClock clock;
  Caller caller;
  {
    Loop loop(caller.Options(&clock));
    loop.Start();
    caller.peer.Await(0);
  }
  CHECK(caller.peer.Await(0)->cancelled);
  CHECK(caller.peer.calls() == 1);
}

}  // namespace
}  // namespace paceline::worker
