#include "worker/io/net/key_list_client.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/key_lists/recent_key_lists.h"
#include "common/refusal/refusal.h"
#include "common/sync.h"

namespace paceline::worker {
namespace {

// A block of a frame that names its key list.
struct ListedBlock {
  int block = 0;
  // Of the frame's payload: its keys.
  size_t piece = 0;
  uint32_t shard = 0;
  uint64_t list = 0;
  uint64_t key_bytes = 0;
  // The server is taken to hold it.
  bool held = false;
};

template <typename Frame>
std::vector<ListedBlock> ListedBlocks(const Frame& frame) {
  std::vector<ListedBlock> listed;
  size_t piece = 0;
  for (int i = 0; i < frame.header.blocks_size(); ++i) {
    const auto& block = frame.header.blocks(i);
    if (block.key_list() == 0) continue;
    while (!frame.payload.at(piece).key_list) ++piece;
    listed.push_back({.block = i,
                      .piece = piece,
                      .shard = block.shard(),
                      .list = block.key_list(),
                      .key_bytes = frame.payload[piece].size});
    ++piece;
  }
  return listed;
}

// The frame without the keys of the lists that are held. Nothing: none is.
template <typename Frame>
std::optional<Frame> WithoutHeldKeys(const Frame& frame, const std::vector<ListedBlock>& listed) {
  const auto held = [](const ListedBlock& block) { return block.held; };
  if (std::none_of(listed.begin(), listed.end(), held)) return std::nullopt;
  Frame less;
  less.server = frame.server;
  less.header = frame.header;
  less.payload_bytes = frame.payload_bytes;
  if constexpr (requires { frame.reply_bytes; }) less.reply_bytes = frame.reply_bytes;
  size_t next = 0;
  for (const ListedBlock& block : listed) {
    if (!block.held) continue;
    less.header.mutable_blocks(block.block)->set_keys_held(true);
    less.payload_bytes -= block.key_bytes;
    for (; next < block.piece; ++next) less.payload.push_back(frame.payload[next]);
    ++next;
  }
  for (; next < frame.payload.size(); ++next) less.payload.push_back(frame.payload[next]);
  return less;
}

// What one server is taken to hold. Thread-safe.
class Known {
 public:
  explicit Known(uint64_t most_bytes) : lists_(most_bytes) {}

  // Marks the lists that need not be sent. Returns what Ended is to be told.
  uint64_t Mark(std::vector<ListedBlock>* listed) {
    MutexLock lock(&mu_);
    if (calls_to_wait_ > 0) {
      --calls_to_wait_;
    } else {
      for (ListedBlock& block : *listed) {
        block.held = lists_.Use(block.shard, block.list) != nullptr;
      }
    }
    return opening_;
  }

  // The end of a call that was made with `listed`.
  void Ended(uint64_t opening, const std::vector<ListedBlock>& listed, const absl::Status& status) {
    const bool unknown = RefusalKindOf(status) == v1::Refusal::UNKNOWN_KEY_LIST;
    MutexLock lock(&mu_);
    // What an older call met has been forgotten.
    if (opening != opening_) return;
    if (unknown) {
      ForgetLocked();
      calls_to_wait_ = (uint64_t{1} << refusals_) - 1;
      refusals_ = std::min(refusals_ + 1, kMostDoublings);
    }
    if (!status.ok()) return;
    for (const ListedBlock& block : listed) {
      if (block.held) {
        refusals_ = 0;
      } else {
        lists_.Add(block.shard, block.list, KeyListBytes(block.key_bytes / sizeof(uint64_t)), {});
      }
    }
  }

  void Forget() {
    MutexLock lock(&mu_);
    ForgetLocked();
  }

 private:
  struct Nothing {};
  // Of the calls between two tries.
  static constexpr uint32_t kMostDoublings = 10;

  void ForgetLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    lists_.Clear();
    ++opening_;
  }

  Mutex mu_;
  RecentKeyLists<Nothing> lists_ ABSL_GUARDED_BY(mu_);
  // Counts the times that all was forgotten.
  uint64_t opening_ ABSL_GUARDED_BY(mu_) = 0;
  // Refusals since a list was last found held.
  uint32_t refusals_ ABSL_GUARDED_BY(mu_) = 0;
  // Calls that are sent all keys before a list is left out again.
  uint64_t calls_to_wait_ ABSL_GUARDED_BY(mu_) = 0;
};

class KeyListClient final : public DataClient {
 public:
  KeyListClient(std::unique_ptr<DataClient> client, size_t servers, uint64_t known_bytes)
      : client_(std::move(client)) {
    for (size_t i = 0; i < servers; ++i) known_.push_back(std::make_shared<Known>(known_bytes));
  }

  void OpenRank(uint32_t server, const v1::RequestContext& context, absl::Duration timeout,
                Done<v1::OpenRankResponse> done) override {
    known_.at(server)->Forget();
    client_->OpenRank(server, context, timeout, std::move(done));
  }

  void Push(const PushFrame& frame, absl::Duration timeout, Done<v1::PushResponse> done) override {
    std::vector<ListedBlock> listed = ListedBlocks(frame);
    if (listed.empty()) return client_->Push(frame, timeout, std::move(done));
    const uint64_t opening = known_.at(frame.server)->Mark(&listed);
    const std::optional<PushFrame> less = WithoutHeldKeys(frame, listed);
    client_->Push(less.has_value() ? *less : frame, timeout,
                  Watch(frame.server, opening, std::move(listed), std::move(done)));
  }

  void Pull(const PullFrame& frame, absl::Duration timeout, Done<PullReply> done) override {
    std::vector<ListedBlock> listed = ListedBlocks(frame);
    if (listed.empty()) return client_->Pull(frame, timeout, std::move(done));
    const uint64_t opening = known_.at(frame.server)->Mark(&listed);
    const std::optional<PullFrame> less = WithoutHeldKeys(frame, listed);
    client_->Pull(less.has_value() ? *less : frame, timeout,
                  Watch(frame.server, opening, std::move(listed), std::move(done)));
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
  template <typename Response>
  Done<Response> Watch(uint32_t server, uint64_t opening, std::vector<ListedBlock> listed,
                       Done<Response> done) {
    return [known = known_[server], opening, listed = std::move(listed),
            done = std::move(done)](absl::StatusOr<Response> answer) {
      known->Ended(opening, listed, answer.status());
      done(std::move(answer));
    };
  }

  std::vector<std::shared_ptr<Known>> known_;
  // Last: its end calls back.
  const std::unique_ptr<DataClient> client_;
};

}  // namespace

std::unique_ptr<DataClient> WithKeyLists(std::unique_ptr<DataClient> client, size_t servers,
                                         uint64_t known_bytes) {
  return std::make_unique<KeyListClient>(std::move(client), servers, known_bytes);
}

}  // namespace paceline::worker
