#include "worker/io/net/shared_memory_client.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/refusal/refusal.h"
#include "common/shared_memory/memory_socket.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "worker/io/net/shared_arena.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kMost = uint64_t{1} << 30;
constexpr SharedMemoryOptions kSmall = {
    .first_bytes = 2048, .most_bytes = 4096, .least_bytes = 100};

// Holds calls until a test answers them.
struct Wire {
  struct PushCall {
    PushFrame frame;
    DataClient::Done<v1::PushResponse> done;
  };
  struct PullCall {
    PullFrame frame;
    DataClient::Done<PullReply> done;
  };
  std::string socket;
  std::deque<PushCall> pushes;
  std::deque<PullCall> pulls;
};

class FakeClient final : public DataClient {
 public:
  explicit FakeClient(Wire* wire) : wire_(wire) {}
  void OpenRank(uint32_t, const v1::RequestContext&, absl::Duration,
                Done<v1::OpenRankResponse> done) override {
    v1::OpenRankResponse response;
    response.set_shared_memory_socket(wire_->socket);
    done(response);
  }
  void Push(const PushFrame& frame, absl::Duration, Done<v1::PushResponse> done) override {
    wire_->pushes.push_back({frame, std::move(done)});
  }
  void Pull(const PullFrame& frame, absl::Duration, Done<PullReply> done) override {
    wire_->pulls.push_back({frame, std::move(done)});
  }
  void Pin(uint32_t, const v1::RequestContext&, absl::Duration, Done<v1::PinResponse>) override {}
  void Unpin(uint32_t, const v1::UnpinRequest&, absl::Duration, Done<v1::UnpinResponse>) override {}
  void CancelAll() override {}

 private:
  Wire* const wire_;
};

// What a server of this host does with memory. The client waits for its number, so
// the server's part is done by a thread.
class Host {
 public:
  explicit Host(std::string name = NewMemorySocketName()) : name_(std::move(name)) {
    REQUIRE_OK_AND_ASSIGN(listener_, ListenForMemory(name_, 4));
    socket_ = std::thread([this] { Serve(); });
  }
  ~Host() {
    stop_.Notify();
    socket_.join();
  }

  const std::string& name() const { return name_; }
  const uint8_t* At(const v1::SharedSpan& span) {
    MutexLock lock(&mu_);
    return memory_.at(span.arena() - 1)->data() + span.offset();
  }
  size_t arenas() {
    MutexLock lock(&mu_);
    return memory_.size();
  }

 private:
  void Serve() {
    while (!stop_.HasBeenNotified()) {
      UniqueFd connection = AcceptForMemory(listener_.get());
      if (!connection) {
        std::this_thread::yield();
        continue;
      }
      absl::StatusOr<UniqueFd> fd = ReceiveMemory(connection.get());
      while (!fd.ok() && !stop_.HasBeenNotified()) fd = ReceiveMemory(connection.get());
      if (!fd.ok()) return;
      MutexLock lock(&mu_);
      memory_.push_back(*SharedMemory::Adopt(*std::move(fd), kMost));
      CHECK(SendNumber(connection.get(), memory_.size()).ok());
      connections_.push_back(std::move(connection));
    }
  }

  const std::string name_;
  UniqueFd listener_;
  absl::Notification stop_;
  Mutex mu_;
  std::vector<std::shared_ptr<SharedMemory>> memory_ ABSL_GUARDED_BY(mu_);
  std::vector<UniqueFd> connections_ ABSL_GUARDED_BY(mu_);
  std::thread socket_;
};

PushFrame PushOf(const std::string& bytes) {
  const auto held = std::make_shared<const std::string>(bytes);
  PushFrame frame;
  frame.header.mutable_context()->set_iteration(5);
  const size_t half = bytes.size() / 2;
  frame.payload = {PayloadPiece{held->data(), half, held},
                   PayloadPiece{held->data() + half, bytes.size() - half, held}};
  frame.payload_bytes = bytes.size();
  return frame;
}

struct Fixture {
  explicit Fixture(const std::string& socket) {
    wire.socket = socket;
    client = WithSharedMemory(std::make_unique<FakeClient>(&wire), 1, kSmall);
    Open();
  }

  void Open() {
    client->OpenRank(0, {}, absl::Seconds(1), [](const auto&) {});
  }

  void Push(const std::string& bytes) {
    client->Push(PushOf(bytes), absl::Seconds(1), [this](absl::StatusOr<v1::PushResponse> answer) {
      ends.push_back(answer.status());
    });
  }
  void Pull(uint64_t key_bytes, uint64_t reply_bytes) {
    const auto keys = std::make_shared<const std::string>(key_bytes, 'k');
    PullFrame frame;
    frame.reply_bytes = reply_bytes;
    frame.payload_bytes = key_bytes;
    if (key_bytes > 0) frame.payload = {PayloadPiece{keys->data(), keys->size(), keys}};
    client->Pull(frame, absl::Seconds(1), [this](absl::StatusOr<PullReply> answer) {
      ends.push_back(answer.status());
      if (answer.ok()) replies.push_back(*std::move(answer));
    });
  }

  Wire wire;
  std::vector<absl::Status> ends;
  std::vector<PullReply> replies;
  std::unique_ptr<DataClient> client;
};

TEST_CASE("a big payload of a push lies in memory, a small one in the message") {
  Host host;
  Fixture f(host.name());
  f.Push(std::string(99, 's'));
  CHECK(host.arenas() == 0);
  CHECK_FALSE(f.wire.pushes.at(0).frame.header.has_shared_payload());
  CHECK(f.wire.pushes.at(0).frame.payload_bytes == 99);

  const std::string big = std::string(50, 'a') + std::string(51, 'b');
  f.Push(big);
  const PushFrame& sent = f.wire.pushes.at(1).frame;
  CHECK(sent.payload.empty());
  CHECK(sent.payload_bytes == 0);
  CHECK(sent.header.context().iteration() == 5);
  REQUIRE(sent.header.shared_payload().size() == 101);
  CHECK(std::memcmp(host.At(sent.header.shared_payload()), big.data(), 101) == 0);
}

TEST_CASE("regions are given out again once the server has answered") {
  Host host;
  Fixture f(host.name());
  for (int i = 0; i < 2; ++i) f.Push(std::string(1024, 'o'));
  CHECK(host.arenas() == 1);
  // The third finds no room: a larger arena takes the place of the first.
  for (int i = 0; i < 4; ++i) f.Push(std::string(1024, 'x'));
  CHECK(host.arenas() == 2);
  CHECK(f.wire.pushes.at(1).frame.header.shared_payload().arena() == 1);
  CHECK(f.wire.pushes.at(2).frame.header.shared_payload().arena() == 2);
  for (int i = 0; i < 2; ++i) {
    f.wire.pushes.at(0).done(v1::PushResponse());
    f.wire.pushes.pop_front();
  }
  // Full: the fifth goes by message.
  f.Push(std::string(1024, 'y'));
  CHECK_FALSE(f.wire.pushes.at(4).frame.header.has_shared_payload());
  // A refusal is an answer.
  const uint64_t offset = f.wire.pushes.at(2).frame.header.shared_payload().offset();
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::NOT_YET);
  f.wire.pushes.at(2).done(RefusalStatus(refusal, "wait"));
  f.wire.pushes.at(2).done = nullptr;
  f.Push(std::string(1024, 'z'));
  CHECK(f.wire.pushes.at(5).frame.header.shared_payload().offset() == offset);
  // Neighbours that are free make one stretch.
  for (const int i : {0, 1}) {
    f.wire.pushes.at(static_cast<size_t>(i)).done(v1::PushResponse());
    f.wire.pushes.at(static_cast<size_t>(i)).done = nullptr;
  }
  f.Push(std::string(2048, 'w'));
  CHECK(f.wire.pushes.at(6).frame.header.shared_payload().size() == 2048);
  CHECK(host.arenas() == 2);
}

TEST_CASE("after a call that failed nothing of its arena is used again") {
  Host host;
  Fixture f(host.name());
  f.Push(std::string(1024, 'x'));
  f.Push(std::string(1024, 'y'));
  f.wire.pushes.at(0).done(absl::DeadlineExceededError("late"));
  CHECK(absl::IsDeadlineExceeded(f.ends.at(0)));
  f.Push(std::string(1024, 'z'));
  CHECK(host.arenas() == 2);
  CHECK(f.wire.pushes.at(2).frame.header.shared_payload().arena() == 2);
  // A late failure of a call in the old arena does not harm the new one.
  f.wire.pushes.at(1).done(absl::CancelledError("too"));
  f.Push(std::string(1024, 'u'));
  CHECK(f.wire.pushes.at(3).frame.header.shared_payload().arena() == 2);
  // What the first call still reads is as it was.
  CHECK(*host.At(f.wire.pushes.at(0).frame.header.shared_payload()) == 'x');
}

TEST_CASE("a reply is read from its space, which is free after that") {
  Host host;
  Fixture f(host.name());
  f.Pull(160, 2000);
  const PullFrame sent = f.wire.pulls.at(0).frame;
  CHECK(sent.payload.empty());
  CHECK(*host.At(sent.header.shared_payload()) == 'k');
  REQUIRE(sent.header.reply_space().size() == 2000);
  std::memcpy(const_cast<uint8_t*>(host.At(sent.header.reply_space())), "row0row1", 8);
  PullReply answer;
  answer.header.set_in_reply_space(8);
  f.wire.pulls.at(0).done(std::move(answer));
  f.wire.pulls.at(0).done = nullptr;
  REQUIRE(f.replies.size() == 1);
  CHECK(f.replies[0].payload->size() == 8);
  // Not free yet: the reply is not read.
  f.Push(std::string(2100, 'p'));
  CHECK_FALSE(f.wire.pushes.at(0).frame.header.has_shared_payload());
  char row[4];
  REQUIRE(f.replies[0].payload->Read(row, 4));
  CHECK(std::string(row, 4) == "row0");
  REQUIRE(f.replies[0].payload->Read(row, 4));
  CHECK(std::string(row, 4) == "row1");
  CHECK_FALSE(f.replies[0].payload->Read(row, 1));
  f.replies.clear();
  f.Push(std::string(2100, 'p'));
  CHECK(f.wire.pushes.at(1).frame.header.has_shared_payload());
}

TEST_CASE("after a pull that failed nothing of its arena is used again") {
  Host host;
  Fixture f(host.name());
  f.Pull(0, 1000);
  f.wire.pulls.at(0).done(absl::CancelledError("gone"));
  f.Pull(0, 1000);
  CHECK(f.wire.pulls.at(1).frame.header.reply_space().arena() == 2);
}

TEST_CASE("a reply beyond its space is an error") {
  Host host;
  Fixture f(host.name());
  f.Pull(0, 2000);
  PullReply answer;
  answer.header.set_in_reply_space(2001);
  f.wire.pulls.at(0).done(std::move(answer));
  CHECK_STATUS(f.ends.at(0), absl::StatusCode::kInvalidArgument, "beyond the reply space");
}

TEST_CASE("a server that could not be reached is asked again when the rank opens") {
  const std::string name = NewMemorySocketName();
  Fixture f(name);
  f.Push(std::string(1024, 'x'));
  const Host host(name);
  f.Push(std::string(1024, 'x'));
  f.Open();
  f.Push(std::string(1024, 'x'));
  CHECK_FALSE(f.wire.pushes.at(0).frame.header.has_shared_payload());
  CHECK_FALSE(f.wire.pushes.at(1).frame.header.has_shared_payload());
  CHECK(f.wire.pushes.at(2).frame.header.has_shared_payload());
}

TEST_CASE("servers on other hosts get messages") {
  for (const std::string& socket : {std::string(), NewMemorySocketName()}) {
    Fixture f(socket);
    f.Push(std::string(1024, 'x'));
    CHECK_FALSE(f.wire.pushes.at(0).frame.header.has_shared_payload());
    CHECK(f.wire.pushes.at(0).frame.payload_bytes == 1024);
  }
}

}  // namespace
}  // namespace paceline::worker
