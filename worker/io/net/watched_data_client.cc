#include "worker/io/net/watched_data_client.h"

#include <utility>

#include "common/refusal/refusal.h"

namespace paceline::worker {
namespace {

class WatchedDataClient final : public DataClient {
 public:
  WatchedDataClient(std::unique_ptr<DataClient> client, std::shared_ptr<ServerReach> reach)
      : client_(std::move(client)), reach_(std::move(reach)) {}

  void OpenRank(uint32_t server, const v1::RequestContext& context, absl::Duration timeout,
                Done<v1::OpenRankResponse> done) override {
    client_->OpenRank(server, context, timeout, Watch(server, std::move(done)));
  }
  void Push(const PushFrame& frame, absl::Duration timeout, Done<v1::PushResponse> done) override {
    client_->Push(frame, timeout, Watch(frame.server, std::move(done)));
  }
  void Pull(const PullFrame& frame, absl::Duration timeout, Done<PullReply> done) override {
    client_->Pull(frame, timeout, Watch(frame.server, std::move(done)));
  }
  void Pin(uint32_t server, const v1::PinRequest& request, absl::Duration timeout,
           Done<v1::PinResponse> done) override {
    client_->Pin(server, request, timeout, Watch(server, std::move(done)));
  }
  void Unpin(uint32_t server, const v1::UnpinRequest& request, absl::Duration timeout,
             Done<v1::UnpinResponse> done) override {
    client_->Unpin(server, request, timeout, Watch(server, std::move(done)));
  }
  void CancelAll() override { client_->CancelAll(); }

 private:
  template <typename Response>
  Done<Response> Watch(uint32_t server, Done<Response> done) {
    return [reach = reach_, server, sent = reach_->Now(),
            done = std::move(done)](absl::StatusOr<Response> answer) {
      reach->Ended(server, sent, answer.status());
      done(std::move(answer));
    };
  }

  const std::unique_ptr<DataClient> client_;
  const std::shared_ptr<ServerReach> reach_;
};

}  // namespace

ServerReach::ServerReach(uint32_t servers, std::function<absl::Duration()> now)
    : servers_(servers), now_(std::move(now)), reachability_(servers) {}

void ServerReach::Ended(uint32_t server, absl::Duration sent, const absl::Status& status) {
  if (absl::IsCancelled(status)) return;
  const bool silent = (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) &&
                      RefusalKindOf(status) == v1::Refusal::KIND_UNSPECIFIED;
  MutexLock lock(&mu_);
  if (silent) {
    reachability_.Failed(server, sent, status.message());
  } else {
    reachability_.Answered(server, now_());
  }
}

void ServerReach::Forget() {
  MutexLock lock(&mu_);
  for (uint32_t server = 0; server < servers_; ++server) reachability_.Answered(server, now_());
}

std::vector<Reachability::Unreachable> ServerReach::Find() const {
  MutexLock lock(&mu_);
  return reachability_.Find(now_());
}

std::unique_ptr<DataClient> WatchDataClient(std::unique_ptr<DataClient> client,
                                            std::shared_ptr<ServerReach> reach) {
  return std::make_unique<WatchedDataClient>(std::move(client), std::move(reach));
}

}  // namespace paceline::worker
