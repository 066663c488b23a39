// The decorators over clients that a test answers by hand.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/fake_clock.h"
#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"
#include "worker/io/net/delayed_calls.h"
#include "worker/io/net/faulty_data_client.h"
#include "worker/io/net/faulty_scheduler_client.h"
#include "worker/io/net/watched_data_client.h"

namespace paceline::worker {
namespace {

constexpr auto kLost = absl::StatusCode::kUnavailable;

RpcFaultSpec Always(const std::string& method, const RpcFaultRates& rates) {
  return {.methods = {{method, rates}}};
}

// Remembers the pushes that are sent.
class FakeData final : public DataClient {
 public:
  struct Sent {
    std::vector<std::pair<PushFrame, Done<v1::PushResponse>>> pushes;
    int cancels = 0;
  };
  explicit FakeData(Sent* sent) : sent_(sent) {}

  void Push(const PushFrame& frame, absl::Duration, Done<v1::PushResponse> done) override {
    sent_->pushes.emplace_back(frame, std::move(done));
  }
  void OpenRank(uint32_t, const v1::RequestContext&, absl::Duration,
                Done<v1::OpenRankResponse> done) override {
    done(v1::OpenRankResponse());
  }
  void Pull(const PullFrame&, absl::Duration, Done<PullReply> done) override { done(PullReply()); }
  void Pin(uint32_t, const v1::PinRequest&, absl::Duration, Done<v1::PinResponse> done) override {
    done(v1::PinResponse());
  }
  void Unpin(uint32_t, const v1::UnpinRequest&, absl::Duration,
             Done<v1::UnpinResponse> done) override {
    done(v1::UnpinResponse());
  }
  void CancelAll() override { ++sent_->cancels; }

 private:
  Sent* const sent_;
};

// A client that suffers, and the answers that its caller gets.
struct Pushes {
  explicit Pushes(const RpcFaultRates& rates, Clock* clock)
      : client(MakeFaultyDataClient(std::make_unique<FakeData>(&sent), Always("Push", rates), 0,
                                    clock)) {}
  void Push() {
    PushFrame frame;
    frame.server = 3;
    client->Push(frame, absl::Seconds(1), [this](absl::StatusOr<v1::PushResponse> answer) {
      answers.push_back(std::move(answer));
    });
  }
  FakeData::Sent sent;
  std::vector<absl::StatusOr<v1::PushResponse>> answers;
  std::unique_ptr<DataClient> client;
};

v1::PushResponse Response(uint32_t duplicates) {
  v1::PushResponse response;
  response.set_duplicates(duplicates);
  return response;
}

TEST_CASE("a lost request is not sent") {
  RealClock clock;
  Pushes pushes({.lose_request = 1000}, &clock);
  pushes.Push();
  CHECK(pushes.sent.pushes.empty());
  REQUIRE(pushes.answers.size() == 1);
  CHECK_STATUS(pushes.answers[0], kLost, "the request was lost");
}

TEST_CASE("a lost reply is of a call that was answered") {
  RealClock clock;
  Pushes pushes({.lose_reply = 1000}, &clock);
  pushes.Push();
  REQUIRE(pushes.sent.pushes.size() == 1);
  CHECK(pushes.answers.empty());
  pushes.sent.pushes[0].second(Response(0));
  REQUIRE(pushes.answers.size() == 1);
  CHECK_STATUS(pushes.answers[0], kLost, "the reply was lost");
}

TEST_CASE("of two copies the first good answer counts, and both bad ones count once") {
  RealClock clock;
  Pushes pushes({.duplicate = 1000}, &clock);
  pushes.Push();
  pushes.Push();
  REQUIRE(pushes.sent.pushes.size() == 4);
  CHECK(pushes.sent.pushes[1].first.server == 3);
  pushes.sent.pushes[0].second(absl::AbortedError("no"));
  CHECK(pushes.answers.empty());
  pushes.sent.pushes[1].second(Response(1));
  REQUIRE(pushes.answers.size() == 1);
  CHECK(pushes.answers[0]->duplicates() == 1);
  pushes.sent.pushes[2].second(absl::AbortedError("no"));
  pushes.sent.pushes[3].second(absl::InternalError("last"));
  REQUIRE(pushes.answers.size() == 2);
  CHECK_STATUS(pushes.answers[1], absl::StatusCode::kInternal, "last");
}

TEST_CASE("a delayed call is sent when its time has come, or is cancelled before") {
  FakeClock clock;
  Pushes pushes({.delay = 1000, .delay_by = absl::Milliseconds(20)}, &clock);
  pushes.Push();
  clock.AwaitWaiters(1);
  CHECK(pushes.sent.pushes.empty());
  pushes.client->CancelAll();
  CHECK(pushes.sent.cancels == 1);
  REQUIRE(pushes.answers.size() == 1);
  CHECK_STATUS(pushes.answers[0], absl::StatusCode::kCancelled, "before it was sent");
  pushes.Push();
  // Deleting it does the same.
  pushes.client.reset();
  REQUIRE(pushes.answers.size() == 2);
  CHECK_STATUS(pushes.answers[1], absl::StatusCode::kCancelled, "before it was sent");
  CHECK(pushes.sent.pushes.empty());
}

TEST_CASE("delayed calls are made in the order of their times") {
  FakeClock clock;
  std::vector<int> made;
  Mutex mu;
  CondVar changed;
  {
    DelayedCalls later(&clock);
    const auto make = [&](int n) {
      return [&, n](bool cancelled) {
        MutexLock lock(&mu);
        made.push_back(cancelled ? -n : n);
        changed.NotifyAll();
      };
    };
    later.After(absl::Seconds(2), make(2));
    later.After(absl::Seconds(1), make(1));
    later.After(absl::Seconds(9), make(9));
    later.After(absl::ZeroDuration(), make(7));
    clock.AwaitWaiters(1);
    clock.Advance(absl::Seconds(3));
    MutexLock lock(&mu);
    while (made.size() < 3) changed.Wait(&mu);
  }
  CHECK(made == std::vector<int>{7, 1, 2, -9});
}

TEST_CASE("other methods go through, and without faults the client is the one that was made") {
  RealClock clock;
  FakeData::Sent sent;
  DataClient* made = nullptr;
  const DataClientFactory factory = [&](const std::vector<std::string>&) {
    auto client = std::make_unique<FakeData>(&sent);
    made = client.get();
    return client;
  };
  CHECK(WithFaults(factory, {}, 0, &clock)({}).get() == made);
  const auto client = WithFaults(factory, Always("Push", {.lose_request = 1000}), 0, &clock)({});
  CHECK(client.get() != made);
  int good = 0;
  const auto count = [&](const auto& answer) { good += answer.ok() ? 1 : 0; };
  client->OpenRank(0, {}, absl::Seconds(1), count);
  client->Pull({}, absl::Seconds(1), count);
  client->Pin(0, {}, absl::Seconds(1), count);
  client->Unpin(0, {}, absl::Seconds(1), count);
  CHECK(good == 4);
}

// Remembers heartbeats, and answers those that are cancelled.
class FakeScheduler final : public SchedulerClient {
 public:
  using Answer = Done<v1::HeartbeatResponse>;
  explicit FakeScheduler(std::vector<Answer>* sent) : sent_(sent) {}

  std::unique_ptr<PendingCall> SyncTask(const v1::SyncTaskRequest&, absl::Duration,
                                        Done<v1::SyncTaskResponse> done) override {
    done(v1::SyncTaskResponse());
    return std::make_unique<Handle>(sent_, sent_->size());
  }
  std::unique_ptr<PendingCall> Heartbeat(const v1::HeartbeatRequest&, absl::Duration,
                                         Answer done) override {
    sent_->push_back(std::move(done));
    return std::make_unique<Handle>(sent_, sent_->size() - 1);
  }

 private:
  class Handle final : public PendingCall {
   public:
    Handle(std::vector<Answer>* sent, size_t number) : sent_(sent), number_(number) {}
    void Cancel() override {
      if (number_ >= sent_->size()) return;
      const Answer answer = std::exchange((*sent_)[number_], nullptr);
      if (answer) answer(absl::CancelledError("given up"));
    }

   private:
    std::vector<Answer>* const sent_;
    const size_t number_;
  };

  std::vector<Answer>* const sent_;
};

struct Beats {
  explicit Beats(const RpcFaultRates& rates, Clock* clock)
      : client(WithFaults(std::make_unique<FakeScheduler>(&sent), Always("Heartbeat", rates), 0,
                          clock)) {}
  std::unique_ptr<PendingCall> Beat() {
    return client->Heartbeat({}, absl::Seconds(1),
                             [this](absl::StatusOr<v1::HeartbeatResponse> answer) {
                               answers.push_back(std::move(answer));
                             });
  }
  // The n-th call gets an answer.
  void Answer(size_t n) {
    const auto answer = std::exchange(sent[n], nullptr);
    answer(v1::HeartbeatResponse());
  }
  std::vector<FakeScheduler::Answer> sent;
  std::vector<absl::StatusOr<v1::HeartbeatResponse>> answers;
  std::unique_ptr<SchedulerClient> client;
};

TEST_CASE("a copy of a poll that is not needed any more is given up") {
  RealClock clock;
  Beats beats({.duplicate = 1000}, &clock);
  const auto call = beats.Beat();
  REQUIRE(beats.sent.size() == 2);
  beats.Answer(0);
  REQUIRE(beats.answers.size() == 1);
  CHECK_OK(beats.answers[0]);
  CHECK(beats.sent[1] == nullptr);
}

TEST_CASE("cancelling a poll cancels its copies, and what is still to be sent") {
  FakeClock clock;
  Beats twice({.duplicate = 1000}, &clock);
  const auto call = twice.Beat();
  call->Cancel();
  REQUIRE(twice.answers.size() == 1);
  CHECK_STATUS(twice.answers[0], absl::StatusCode::kCancelled, "given up");

  Beats lost({.lose_reply = 1000}, &clock);
  const auto answered = lost.Beat();
  lost.Answer(0);
  REQUIRE(lost.answers.size() == 1);
  CHECK_STATUS(lost.answers[0], kLost, "the reply was lost");

  RealClock real;
  Mutex mu;
  CondVar changed;
  std::vector<FakeScheduler::Answer> sent;
  absl::Status status;
  const auto client =
      WithFaults(std::make_unique<FakeScheduler>(&sent),
                 Always("Heartbeat", {.delay = 1000, .delay_by = absl::Milliseconds(1)}), 0, &real);
  const auto late = client->Heartbeat({}, absl::Seconds(1), [&](const auto& answer) {
    MutexLock lock(&mu);
    status = answer.status();
    changed.NotifyAll();
  });
  late->Cancel();
  MutexLock lock(&mu);
  while (status.ok()) changed.Wait(&mu);
  CHECK(absl::IsCancelled(status));
}

TEST_CASE("a watched client says which servers do not answer, and since when") {
  FakeClock clock;
  FakeData::Sent sent;
  const auto reach = std::make_shared<ServerReach>(4, [&] { return clock.Monotonic(); });
  const auto client = WatchDataClient(std::make_unique<FakeData>(&sent), reach);
  const auto push = [&] {
    PushFrame frame;
    frame.server = 3;
    client->Push(frame, absl::Seconds(1), [](const absl::StatusOr<v1::PushResponse>&) {});
  };
  const auto answer = [&](const absl::StatusOr<v1::PushResponse>& with) {
    sent.pushes.back().second(with);
  };
  push();
  clock.Advance(absl::Seconds(2));
  answer(absl::CancelledError("given up"));
  CHECK(reach->Find().empty());
  push();
  clock.Advance(absl::Seconds(3));
  answer(absl::UnavailableError("no route"));
  REQUIRE(reach->Find().size() == 1);
  CHECK(reach->Find()[0].server == 3);
  CHECK(reach->Find()[0].time == absl::Seconds(3));
  CHECK(reach->Find()[0].cause == "no route");
  // A refusal is an answer, whatever its code.
  push();
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::NOT_YET);
  answer(RefusalStatus(refusal, "waits"));
  CHECK(reach->Find().empty());
  push();
  answer(absl::DeadlineExceededError("late"));
  CHECK(reach->Find().size() == 1);
  reach->Forget();
  CHECK(reach->Find().empty());
}

}  // namespace
}  // namespace paceline::worker
