#include "worker/io/net/grpc_data_client.h"

#include <grpcpp/support/slice.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/failpoint/failpoint.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/payload.h"
#include "common/sync.h"
#include "worker/io/net/server_channel.h"
#include "worker/io/net/server_stream.h"

namespace paceline::worker {
namespace {

class StreamedPayload final : public ReceivedPayload {
 public:
  explicit StreamedPayload(const StreamAnswer& answer)
      : batch_(answer.payload), reader_(*batch_, answer.offset, answer.header.payload_bytes()) {}
  uint64_t size() const override { return reader_.left(); }
  bool Read(void* to, size_t size) override { return reader_.Read(to, size).ok(); }

 private:
  const std::shared_ptr<const Payload> batch_;
  PayloadReader reader_;
};

std::vector<grpc::Slice> Slices(const FramePayload& payload) {
  std::vector<grpc::Slice> slices;
  slices.reserve(payload.size());
  for (const PayloadPiece& piece : payload) {
    slices.push_back(SliceOf(piece.owner, piece.data, piece.size));
  }
  return slices;
}

class GrpcDataClient final : public DataClient {
 public:
  GrpcDataClient(const std::vector<std::string>& addresses,
                 const std::shared_ptr<RpcSecurity>& security, std::shared_ptr<ClientQueue> queue)
      : queue_(std::move(queue)) {
    for (const std::string& address : addresses) {
      servers_.push_back({std::make_unique<ServerChannel>(address, security), nullptr});
    }
    tick_ = queue_->AddTick([this] { Tick(); });
  }

  ~GrpcDataClient() override {
    queue_->RemoveTick(tick_);
    CancelAll();
    std::vector<std::shared_ptr<ServerStream>> streams;
    {
      MutexLock lock(&mu_);
      for (Server& server : servers_) streams.push_back(std::move(server.stream));
    }
    streams.clear();
    MutexLock lock(&mu_);
    while (streams_ > 0) gone_.Wait(&mu_);
  }

  void OpenRank(uint32_t server, const v1::RequestContext& context, absl::Duration timeout,
                Done<v1::OpenRankResponse> done) override {
    v1::DataCall call;
    *call.mutable_open_rank()->mutable_context() = context;
    Start(server, std::move(call), {}, timeout,
          Answered(std::move(done), [](const v1::DataAnswer& a) { return a.open_rank(); }));
  }

  void Push(const PushFrame& frame, absl::Duration timeout, Done<v1::PushResponse> done) override {
    if (const absl::Status fault = Failpoint("task.push.send"); !fault.ok()) return done(fault);
    v1::DataCall call;
    *call.mutable_push() = frame.header;
    Start(frame.server, std::move(call), Slices(frame.payload), timeout,
          Answered(Past<v1::PushResponse>("task.push.answered", std::move(done)),
                   [](const v1::DataAnswer& a) { return a.push(); }));
  }

  void Pull(const PullFrame& frame, absl::Duration timeout, Done<PullReply> done) override {
    if (const absl::Status fault = Failpoint("task.pull.send"); !fault.ok()) return done(fault);
    v1::DataCall call;
    *call.mutable_pull() = frame.header;
    Start(frame.server, std::move(call), Slices(frame.payload), timeout,
          [done = Past<PullReply>("task.pull.answered", std::move(done))](
              absl::StatusOr<StreamAnswer> answer) {
            if (!answer.ok()) return done(answer.status());
            PullReply reply;
            reply.payload = std::make_unique<StreamedPayload>(*answer);
            reply.header = std::move(*answer->header.mutable_pull());
            done(std::move(reply));
          });
  }

  void Pin(uint32_t server, const v1::PinRequest& request, absl::Duration timeout,
           Done<v1::PinResponse> done) override {
    v1::DataCall call;
    *call.mutable_pin() = request;
    Start(server, std::move(call), {}, timeout,
          Answered(std::move(done), [](const v1::DataAnswer& a) { return a.pin(); }));
  }

  void Unpin(uint32_t server, const v1::UnpinRequest& request, absl::Duration timeout,
             Done<v1::UnpinResponse> done) override {
    v1::DataCall call;
    *call.mutable_unpin() = request;
    Start(server, std::move(call), {}, timeout,
          Answered(std::move(done), [](const v1::DataAnswer& a) { return a.unpin(); }));
  }

  void CancelAll() override {
    for (const std::shared_ptr<ServerStream>& stream : Streams()) {
      stream->Break(absl::CancelledError("the rank has given its calls up"));
    }
  }

 private:
  struct Server {
    std::unique_ptr<ServerChannel> channel;
    // Null before the first call; perhaps broken.
    std::shared_ptr<ServerStream> stream;
  };

  // A good answer passes the failpoint.
  template <typename Response>
  static Done<Response> Past(FailpointName failpoint, Done<Response> done) {
    return [failpoint, done = std::move(done)](absl::StatusOr<Response> answer) {
      if (answer.ok()) {
        if (const absl::Status fault = Failpoint(failpoint); !fault.ok()) return done(fault);
      }
      done(std::move(answer));
    };
  }

  template <typename Response, typename Get>
  static ServerStream::Done Answered(Done<Response> done, Get get) {
    return [done = std::move(done), get](absl::StatusOr<StreamAnswer> answer) {
      if (!answer.ok()) return done(answer.status());
      done(get(answer->header));
    };
  }

  void Start(uint32_t server, v1::DataCall call, std::vector<grpc::Slice> payload,
             absl::Duration timeout, ServerStream::Done done) {
    PL_CHECK_LT(server, servers_.size());
    std::shared_ptr<ServerStream> stream = StreamTo(server, nullptr);
    while (!stream->Start(std::move(call), std::move(payload), timeout, std::move(done))) {
      stream = StreamTo(server, stream);
    }
  }

  // Another one than `broken`.
  std::shared_ptr<ServerStream> StreamTo(uint32_t server,
                                         const std::shared_ptr<ServerStream>& broken) {
    // It may go with the last reference, which takes the lock.
    std::shared_ptr<ServerStream> before;
    MutexLock lock(&mu_);
    Server& to = servers_[server];
    if (to.stream == broken) {
      before = std::move(to.stream);
      ++streams_;
      to.stream = ServerStream::Open(to.channel->stub(), queue_->get(), [this] { StreamGone(); });
    }
    return to.stream;
  }

  void StreamGone() {
    MutexLock lock(&mu_);
    if (--streams_ == 0) gone_.NotifyAll();
  }

  std::vector<std::shared_ptr<ServerStream>> Streams() {
    std::vector<std::shared_ptr<ServerStream>> streams;
    MutexLock lock(&mu_);
    for (const Server& server : servers_) {
      if (server.stream != nullptr) streams.push_back(server.stream);
    }
    return streams;
  }

  void Tick() {
    const absl::Time now = absl::Now();
    for (const std::shared_ptr<ServerStream>& stream : Streams()) stream->Expire(now);
    for (Server& server : servers_) {
      std::shared_ptr<ServerStream> lost;
      {
        MutexLock lock(&mu_);
        if (!server.channel->CheckLost(clock_.Monotonic())) continue;
        lost = server.stream;
      }
      if (lost == nullptr) continue;
      lost->Break(
          absl::UnavailableError(absl::StrCat("no sign of life from ", server.channel->address())));
    }
  }

  RealClock clock_;
  const std::shared_ptr<ClientQueue> queue_;
  uint64_t tick_ = 0;
  Mutex mu_;
  CondVar gone_;
  // In the order of the addresses; what they have is guarded by mu_, the vector is not.
  std::vector<Server> servers_;
  // Not deleted yet.
  int streams_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace

std::unique_ptr<DataClient> MakeGrpcDataClient(const std::vector<std::string>& addresses,
                                               const std::shared_ptr<RpcSecurity>& security,
                                               std::shared_ptr<ClientQueue> queue) {
  return std::make_unique<GrpcDataClient>(addresses, security, std::move(queue));
}

}  // namespace paceline::worker
