#include "worker/io/net/faulty_data_client.h"

#include <atomic>
#include <utility>

#include "common/hash.h"
#include "worker/io/net/delayed_calls.h"
#include "worker/io/net/faulty_call.h"

namespace paceline::worker {
namespace {

class FaultyDataClient final : public DataClient {
 public:
  FaultyDataClient(std::unique_ptr<DataClient> client, const RpcFaultSpec& faults, uint64_t stream,
                   Clock* clock)
      : client_(std::move(client)), faults_(faults, stream), later_(clock) {}

  void OpenRank(uint32_t server, const v1::RequestContext& context, absl::Duration timeout,
                Done<v1::OpenRankResponse> done) override {
    Play<v1::OpenRankResponse>(
        "OpenRank",
        [=, this](auto answer) { client_->OpenRank(server, context, timeout, std::move(answer)); },
        std::move(done));
  }
  void Push(const PushFrame& frame, absl::Duration timeout, Done<v1::PushResponse> done) override {
    Play<v1::PushResponse>(
        "Push", [=, this](auto answer) { client_->Push(frame, timeout, std::move(answer)); },
        std::move(done));
  }
  void Pull(const PullFrame& frame, absl::Duration timeout, Done<PullReply> done) override {
    const RpcFault fault = faults_.Next("Pull");
    PullFrame sent = frame;
    // The second answer may come when the first is in use.
    if (fault.duplicate) sent.places.clear();
    PlayFault<PullReply>(
        fault, &later_,
        [this, sent = std::move(sent), timeout](auto answer) {
          client_->Pull(sent, timeout, std::move(answer));
        },
        std::move(done));
  }
  void Pin(uint32_t server, const v1::PinRequest& request, absl::Duration timeout,
           Done<v1::PinResponse> done) override {
    Play<v1::PinResponse>(
        "Pin",
        [=, this](auto answer) { client_->Pin(server, request, timeout, std::move(answer)); },
        std::move(done));
  }
  void Unpin(uint32_t server, const v1::UnpinRequest& request, absl::Duration timeout,
             Done<v1::UnpinResponse> done) override {
    Play<v1::UnpinResponse>(
        "Unpin",
        [=, this](auto answer) { client_->Unpin(server, request, timeout, std::move(answer)); },
        std::move(done));
  }

  void CancelAll() override {
    later_.CancelAll();
    client_->CancelAll();
  }

 private:
  template <typename Response>
  void Play(absl::string_view method, std::function<void(Done<Response>)> send,
            Done<Response> done) {
    PlayFault<Response>(faults_.Next(method), &later_, std::move(send), std::move(done));
  }

  const std::unique_ptr<DataClient> client_;
  RpcFaultInjector faults_;
  // Goes first: what it delays is sent by the client.
  DelayedCalls later_;
};

}  // namespace

std::unique_ptr<DataClient> MakeFaultyDataClient(std::unique_ptr<DataClient> client,
                                                 const RpcFaultSpec& faults, uint64_t stream,
                                                 Clock* clock) {
  return std::make_unique<FaultyDataClient>(std::move(client), faults, stream, clock);
}

DataClientFactory WithFaults(DataClientFactory factory, const RpcFaultSpec& faults, uint64_t stream,
                             Clock* clock) {
  if (faults.empty()) return factory;
  const auto made = std::make_shared<std::atomic<uint64_t>>(0);
  return [factory = std::move(factory), faults, stream, clock,
          made](const std::vector<std::string>& addresses) {
    return MakeFaultyDataClient(factory(addresses), faults, MixBits(stream, (*made)++), clock);
  };
}

}  // namespace paceline::worker
