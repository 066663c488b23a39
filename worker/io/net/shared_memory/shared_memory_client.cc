#include "worker/io/net/shared_memory/shared_memory_client.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "worker/io/net/shared_memory/server_lane.h"

namespace paceline::worker {
namespace {

// Read once, from the beginning.
class SharedPayload final : public ReceivedPayload {
 public:
  SharedPayload(std::shared_ptr<const PlacedBytes> placed, uint64_t size)
      : placed_(std::move(placed)), left_(size), size_(size) {}
  uint64_t size() const override { return size_; }
  bool Read(void* to, size_t size) override {
    if (size > left_) return false;
    left_ -= size;
    auto* at = static_cast<uint8_t*>(to);
    while (size > 0) {
      const absl::Span<uint8_t> piece = placed_->pieces[piece_].subspan(read_);
      const size_t n = std::min(size, piece.size());
      // Most often it is there already.
      if (at != piece.data()) std::memcpy(at, piece.data(), n);
      at += n;
      size -= n;
      read_ += n;
      if (n == piece.size()) {
        ++piece_;
        read_ = 0;
      }
    }
    return true;
  }

 private:
  const std::shared_ptr<const PlacedBytes> placed_;
  uint64_t left_;
  const uint64_t size_;
  size_t piece_ = 0;
  // Of that piece.
  size_t read_ = 0;
};

class SharedMemoryClient final : public DataClient {
 public:
  SharedMemoryClient(std::unique_ptr<DataClient> client, size_t servers,
                     const SharedMemoryOptions& options)
      : client_(std::move(client)) {
    for (size_t i = 0; i < servers; ++i) lanes_.push_back(std::make_shared<ServerLane>(options));
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
    const std::shared_ptr<ServerLane>& lane = lanes_.at(frame.server);
    const std::shared_ptr<const PlacedBytes> placed =
        lane->Place(frame.payload, frame.payload_bytes);
    if (placed == nullptr) return client_->Push(frame, timeout, std::move(done));
    PushFrame shared;
    shared.server = frame.server;
    shared.header = frame.header;
    *shared.header.mutable_shared_payload() = placed->spans;
    client_->Push(shared, timeout,
                  [lane, placed, owners = frame.payload,
                   done = std::move(done)](absl::StatusOr<v1::PushResponse> answer) {
                    lane->Ended(*placed, answer.status());
                    done(std::move(answer));
                  });
  }

  void Pull(const PullFrame& frame, absl::Duration timeout, Done<PullReply> done) override {
    const std::shared_ptr<ServerLane>& lane = lanes_.at(frame.server);
    const std::shared_ptr<const PlacedBytes> keys = lane->Place(frame.payload, frame.payload_bytes);
    const std::shared_ptr<const PlacedBytes> reply = lane->Reserve(frame.places, frame.reply_bytes);
    if (keys == nullptr && reply == nullptr) return client_->Pull(frame, timeout, std::move(done));
    PullFrame shared;
    shared.server = frame.server;
    shared.header = frame.header;
    shared.reply_bytes = frame.reply_bytes;
    if (keys != nullptr) {
      *shared.header.mutable_shared_payload() = keys->spans;
    } else {
      shared.payload = frame.payload;
      shared.payload_bytes = frame.payload_bytes;
    }
    if (reply != nullptr) *shared.header.mutable_reply_space() = reply->spans;
    client_->Pull(
        shared, timeout,
        [lane, keys, reply, room = frame.reply_bytes,
         done = std::move(done)](absl::StatusOr<PullReply> answer) mutable {
          for (const auto& placed : {keys, reply}) {
            if (placed != nullptr) lane->Ended(*placed, answer.status());
          }
          if (answer.ok() && answer->header.in_reply_space() > 0) {
            const uint64_t size = answer->header.in_reply_space();
            if (reply == nullptr || size > room) {
              return done(absl::InvalidArgumentError("pull reply: beyond the reply space"));
            }
            answer->payload = std::make_unique<SharedPayload>(std::move(reply), size);
          }
          done(std::move(answer));
        });
  }

  void Pin(uint32_t server, const v1::PinRequest& request, absl::Duration timeout,
           Done<v1::PinResponse> done) override {
    client_->Pin(server, request, timeout, std::move(done));
  }
  void Unpin(uint32_t server, const v1::UnpinRequest& request, absl::Duration timeout,
             Done<v1::UnpinResponse> done) override {
    client_->Unpin(server, request, timeout, std::move(done));
  }
  void CancelAll() override { client_->CancelAll(); }

 private:
  std::vector<std::shared_ptr<ServerLane>> lanes_;
  // Last: its end calls back.
  const std::unique_ptr<DataClient> client_;
};

}  // namespace

std::unique_ptr<DataClient> WithSharedMemory(std::unique_ptr<DataClient> client, size_t servers,
                                             SharedMemoryOptions options) {
  return std::make_unique<SharedMemoryClient>(std::move(client), servers, options);
}

}  // namespace paceline::worker
