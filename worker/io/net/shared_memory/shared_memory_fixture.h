// For tests of WithSharedMemory: a wire that holds calls, and what a server of this host
// does with memory.
#ifndef PACELINE_WORKER_IO_NET_SHARED_MEMORY_SHARED_MEMORY_FIXTURE_H_
#define PACELINE_WORKER_IO_NET_SHARED_MEMORY_SHARED_MEMORY_FIXTURE_H_

#include <catch2/catch.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/shared_memory/memory_socket.h"
#include "common/shared_memory/shared_memory.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "worker/io/net/data_client.h"
#include "worker/io/net/shared_memory/shared_memory_client.h"

namespace paceline::worker::testing {

inline constexpr uint64_t kMost = uint64_t{1} << 30;
inline constexpr SharedMemoryOptions kSmall = {
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
  void Pin(uint32_t, const v1::PinRequest&, absl::Duration, Done<v1::PinResponse>) override {}
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
      absl::StatusOr<UniqueFd> accepted = AcceptForMemory(listener_.get());
      if (!accepted.ok()) {
        std::this_thread::yield();
        continue;
      }
      UniqueFd connection = *std::move(accepted);
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

inline PushFrame PushOf(const std::string& bytes) {
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

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_IO_NET_SHARED_MEMORY_SHARED_MEMORY_FIXTURE_H_
