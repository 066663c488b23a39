#include "worker/io/task/frame_calls.h"

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/refusal/refusal.h"
#include "common/sync.h"

namespace paceline::worker {
namespace {

absl::Status Refusal(v1::Refusal::Kind kind) {
  v1::Refusal refusal;
  refusal.set_kind(kind);
  return RefusalStatus(refusal, v1::Refusal::Kind_Name(kind));
}

// Frames whose answers follow a script; all on the loop, driven from the test.
struct Fixture {
  RealClock clock;
  EventLoop loop{&clock, "test"};
  Mutex mu;
  CondVar changed;
  // Guarded by mu.
  std::vector<std::string> events;
  int calls = 0;
  // Of the loop's thread.
  std::unique_ptr<FrameCalls> frames;

  Fixture() {
    InFlightOptions options;
    options.attempts = 3;
    options.failure_backoff = {absl::Milliseconds(1), absl::Milliseconds(2)};
    options.not_yet_backoff = {absl::Milliseconds(1), absl::Milliseconds(2)};
    FrameCalls::Events on;
    on.drained = [this] { Note("drained"); };
    on.refused = [this](const absl::Status& s) { Note("refused " + std::string(s.message())); };
    on.unreachable = [this](const absl::Status& s) {
      Note("unreachable " + std::string(s.message()));
    };
    on.waiting = [this](const absl::Status&) { Note("waiting"); };
    frames = std::make_unique<FrameCalls>(&loop, options, on);
  }
  ~Fixture() { loop.Stop(); }

  void Note(const std::string& event) {
    MutexLock lock(&mu);
    events.push_back(event);
    changed.NotifyAll();
  }
  void On(std::function<void()> what) {
    std::promise<void> done;
    loop.Post([&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  void AwaitEvent(const std::string& event) {
    MutexLock lock(&mu);
    while (std::find(events.begin(), events.end(), event) == events.end()) changed.Wait(&mu);
  }
  // Answers the n-th call of this frame with the n-th status, then well.
  FrameCalls::Start Script(std::vector<absl::Status> answers) {
    auto left = std::make_shared<std::vector<absl::Status>>(std::move(answers));
    return [this, left](absl::Duration, FrameCalls::Done done) {
      {
        MutexLock lock(&mu);
        ++calls;
      }
      if (left->empty()) return done(FrameCalls::Accept());
      const absl::Status answer = left->front();
      left->erase(left->begin());
      if (answer.ok()) {
        done(FrameCalls::Accept());
      } else {
        done(answer);
      }
    };
  }
};

TEST_CASE("Frames are sent until all are answered, then it is said once") {
  Fixture f;
  f.On([&] {
    for (int i = 0; i < 10; ++i) f.frames->Add(i % 2, 1, f.Script({}));
    f.frames->Close();
  });
  f.AwaitEvent("drained");
  CHECK(f.calls == 10);
  CHECK(f.events.size() == 1);
}

TEST_CASE("Nothing is drained before the frames are said to be all") {
  Fixture f;
  std::promise<void> accepted;
  f.On([&] {
    f.frames->Add(0, 1, [&](absl::Duration, FrameCalls::Done done) {
      done(FrameCalls::Accept([&] {
        accepted.set_value();
        return absl::OkStatus();
      }));
    });
  });
  accepted.get_future().wait();
  f.On([&] { CHECK(f.events.empty()); });
  f.On([&] { f.frames->Close(); });
  f.AwaitEvent("drained");
  // Without frames, at once.
  f.On([&] { f.frames->Close(); });
  CHECK(f.events == std::vector<std::string>{"drained", "drained"});
}

TEST_CASE("A frame whose key list the server does not hold is sent again, and nobody waits") {
  Fixture f;
  const absl::Status unknown = Refusal(v1::Refusal::UNKNOWN_KEY_LIST);
  f.On([&] {
    f.frames->Add(0, 1, f.Script({unknown, unknown, unknown, unknown}));
    f.frames->Close();
  });
  f.AwaitEvent("drained");
  CHECK(f.calls == 5);
  CHECK(f.events == std::vector<std::string>{"drained"});
  f.On([&] { CHECK(f.frames->calls_repeated() == 0); });
}

TEST_CASE("Lost calls and NOT_YET are asked again") {
  Fixture f;
  const absl::Status lost = absl::UnavailableError("lost");
  const absl::Status not_yet = Refusal(v1::Refusal::NOT_YET);
  f.On([&] {
    f.frames->Add(0, 1, f.Script({lost, lost, not_yet, lost, lost, not_yet}));
    f.frames->Close();
  });
  f.AwaitEvent("drained");
  CHECK(f.calls == 7);
  CHECK(f.events == std::vector<std::string>{"waiting", "waiting", "drained"});
}

TEST_CASE("A refusal ends the whole, and is told once") {
  Fixture f;
  f.On([&] {
    f.frames->Add(0, 1, f.Script({Refusal(v1::Refusal::STALE_EPOCH)}));
    f.frames->Add(1, 1, f.Script({Refusal(v1::Refusal::STALE_EPOCH)}));
    f.frames->Close();
  });
  f.AwaitEvent("refused STALE_EPOCH");
  f.On([] {});
  f.On([&] { CHECK(f.events.size() == 1); });
  // It can be used anew.
  f.On([&] {
    f.frames->Add(0, 1, f.Script({}));
    f.frames->Close();
  });
  f.AwaitEvent("drained");
}

TEST_CASE("A server out of reach is told when the budget is spent") {
  Fixture f;
  const absl::Status lost = absl::UnavailableError("lost");
  f.On([&] {
    f.frames->Add(0, 1, f.Script({lost, lost, lost, lost}));
    f.frames->Close();
  });
  f.AwaitEvent("unreachable lost");
  CHECK(f.calls == 3);
}

TEST_CASE("An answer that cannot be taken in ends the whole") {
  Fixture f;
  f.On([&] {
    f.frames->Add(0, 1, [](absl::Duration, FrameCalls::Done done) {
      done(FrameCalls::Accept([] { return absl::InvalidArgumentError("bad reply"); }));
    });
  });
  f.AwaitEvent("refused bad reply");
}

TEST_CASE("Answers that come after Abandon are dropped") {
  Fixture f;
  FrameCalls::Done late;
  bool taken = false;
  f.On([&] {
    f.frames->Add(0, 1, [&](absl::Duration, FrameCalls::Done done) { late = std::move(done); });
    f.frames->Close();
    f.frames->Abandon();
  });
  late(FrameCalls::Accept([&] {
    taken = true;
    return absl::OkStatus();
  }));
  f.On([] {});
  CHECK_FALSE(taken);
  CHECK(f.events.empty());
  // And after the end of all.
  f.On([&] {
    f.frames->Add(0, 1, [&](absl::Duration, FrameCalls::Done done) { late = std::move(done); });
    f.frames.reset();
  });
  late(FrameCalls::Accept());
  f.On([] {});
  CHECK(f.events.empty());
}

}  // namespace
}  // namespace paceline::worker
