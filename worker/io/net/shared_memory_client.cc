#include "worker/io/net/shared_memory_client.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/refusal/refusal.h"
#include "common/sync.h"
#include "worker/io/net/shared_arena.h"

namespace paceline::worker {
namespace {

// Read once, from the beginning; the region is free when it is destroyed.
class SharedPayload final : public ReceivedPayload {
 public:
  SharedPayload(std::shared_ptr<SharedArena::Region> region, uint64_t size)
      : region_(std::move(region)), size_(size) {}
  uint64_t size() const override { return size_; }
  bool Read(void* to, size_t size) override {
    if (size > size_ - next_) return false;
    std::memcpy(to, region_->data() + next_, size);
    next_ += size;
    return true;
  }

 private:
  const std::shared_ptr<SharedArena::Region> region_;
  const uint64_t size_;
  uint64_t next_ = 0;
};

// The way to one server's shared memory. Thread-safe.
class Lane {
 public:
  explicit Lane(const SharedMemoryOptions& options)
      : options_(options), bytes_(options.first_bytes) {}

  // Where the server takes memory, as it says when a rank opens; empty: nowhere.
  void SetSocket(const std::string& socket) {
    MutexLock lock(&mu_);
    unreachable_ = false;
    if (socket == socket_) return;
    socket_ = socket;
    arena_ = nullptr;
  }

  // Null: the payload goes by message.
  std::shared_ptr<SharedArena::Region> Take(uint64_t size) {
    MutexLock lock(&mu_);
    for (;;) {
      if (arena_ == nullptr) Open();
      if (arena_ == nullptr) return nullptr;
      std::optional<SharedArena::Region> region = SharedArena::Take(arena_, size);
      if (region.has_value()) return std::make_shared<SharedArena::Region>(*std::move(region));
      if (bytes_ >= options_.most_bytes || size > options_.most_bytes) return nullptr;
      // The old one goes with its last region.
      bytes_ = std::min(bytes_ * 2, options_.most_bytes);
      arena_ = nullptr;
    }
  }

  // The end of a call that had a region. Whatever is no answer of the server leaves it
  // unknown whether the server is done with the arena.
  void Ended(const SharedArena::Region& region, const absl::Status& status) {
    if (status.ok() || RefusalKindOf(status) != v1::Refusal::KIND_UNSPECIFIED) return;
    MutexLock lock(&mu_);
    if (region.IsOf(arena_.get())) arena_ = nullptr;
  }

 private:
  void Open() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (socket_.empty() || unreachable_) return;
    absl::StatusOr<std::shared_ptr<SharedArena>> opened = SharedArena::Open(socket_, bytes_);
    if (opened.ok()) {
      arena_ = *std::move(opened);
    } else {
      // Most likely on another host: not asked again before the rank opens anew.
      unreachable_ = true;
      LogDebug("no shared memory with a server", {{"error", opened.status()}});
    }
  }

  const SharedMemoryOptions options_;
  Mutex mu_;
  // Of the next arena.
  uint64_t bytes_ ABSL_GUARDED_BY(mu_);
  std::string socket_ ABSL_GUARDED_BY(mu_);
  bool unreachable_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<SharedArena> arena_ ABSL_GUARDED_BY(mu_);
};

class SharedMemoryClient final : public DataClient {
 public:
  SharedMemoryClient(std::unique_ptr<DataClient> client, size_t servers,
                     SharedMemoryOptions options)
      : options_(options), client_(std::move(client)) {
    for (size_t i = 0; i < servers; ++i) {
      lanes_.push_back(std::make_shared<Lane>(options_));
    }
  }

  void OpenRank(uint32_t server, const v1::RequestContext& context, absl::Duration timeout,
                Done<v1::OpenRankResponse> done) override {
    client_->OpenRank(server, context, timeout,
                      [lane = lanes_.at(server),
                       done = std::move(done)](absl::StatusOr<v1::OpenRankResponse> response) {
                        if (response.ok()) lane->SetSocket(response->shared_memory_socket());
                        done(std::move(response));
                      });
  }

  void Push(const PushFrame& frame, absl::Duration timeout, Done<v1::PushResponse> done) override {
    const std::shared_ptr<Lane>& lane = lanes_.at(frame.server);
    const std::shared_ptr<SharedArena::Region> region = Place(*lane, frame.payload_bytes);
    if (region == nullptr) return client_->Push(frame, timeout, std::move(done));
    PushFrame shared;
    shared.server = frame.server;
    shared.header = frame.header;
    MoveTo(*region, frame.payload, shared.header.mutable_shared_payload());
    client_->Push(shared, timeout,
                  [lane, region, done = std::move(done)](absl::StatusOr<v1::PushResponse> answer) {
                    lane->Ended(*region, answer.status());
                    done(std::move(answer));
                  });
  }

  void Pull(const PullFrame& frame, absl::Duration timeout, Done<PullReply> done) override {
    const std::shared_ptr<Lane>& lane = lanes_.at(frame.server);
    const std::shared_ptr<SharedArena::Region> keys = Place(*lane, frame.payload_bytes);
    const std::shared_ptr<SharedArena::Region> reply = Place(*lane, frame.reply_bytes);
    if (keys == nullptr && reply == nullptr) return client_->Pull(frame, timeout, std::move(done));
    PullFrame shared;
    shared.server = frame.server;
    shared.header = frame.header;
    shared.reply_bytes = frame.reply_bytes;
    if (keys != nullptr) {
      MoveTo(*keys, frame.payload, shared.header.mutable_shared_payload());
    } else {
      shared.payload = frame.payload;
      shared.payload_bytes = frame.payload_bytes;
    }
    if (reply != nullptr) *shared.header.mutable_reply_space() = reply->span();
    client_->Pull(
        shared, timeout,
        [lane, keys, reply, done = std::move(done)](absl::StatusOr<PullReply> answer) mutable {
          for (const auto& region : {keys, reply}) {
            if (region != nullptr) lane->Ended(*region, answer.status());
          }
          if (answer.ok() && answer->header.in_reply_space() > 0) {
            const uint64_t size = answer->header.in_reply_space();
            if (reply == nullptr || size > reply->size()) {
              return done(absl::InvalidArgumentError("pull reply: beyond the reply space"));
            }
            answer->payload = std::make_unique<SharedPayload>(std::move(reply), size);
          }
          done(std::move(answer));
        });
  }

  void Pin(uint32_t server, const v1::RequestContext& context, absl::Duration timeout,
           Done<v1::PinResponse> done) override {
    client_->Pin(server, context, timeout, std::move(done));
  }
  void Unpin(uint32_t server, const v1::UnpinRequest& request, absl::Duration timeout,
             Done<v1::UnpinResponse> done) override {
    client_->Unpin(server, request, timeout, std::move(done));
  }
  void CancelAll() override { client_->CancelAll(); }

 private:
  // Null: the payload stays in the message.
  std::shared_ptr<SharedArena::Region> Place(Lane& lane, uint64_t bytes) const {
    return bytes < options_.least_bytes ? nullptr : lane.Take(bytes);
  }

  static void MoveTo(const SharedArena::Region& region, const FramePayload& payload,
                     v1::SharedSpan* span) {
    uint8_t* to = region.data();
    for (const PayloadPiece& piece : payload) {
      std::memcpy(to, piece.data, piece.size);
      to += piece.size;
    }
    *span = region.span();
  }

  const SharedMemoryOptions options_;
  std::vector<std::shared_ptr<Lane>> lanes_;
  // Last: its end calls back.
  const std::unique_ptr<DataClient> client_;
};

}  // namespace

std::unique_ptr<DataClient> WithSharedMemory(std::unique_ptr<DataClient> client, size_t servers,
                                             SharedMemoryOptions options) {
  return std::make_unique<SharedMemoryClient>(std::move(client), servers, options);
}

}  // namespace paceline::worker
