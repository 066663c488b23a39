#include "worker/io/net/grpc_data_client.h"

#include <google/protobuf/message_lite.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <pthread.h>

#include <thread>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/failpoint/failpoint.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/payload.h"
#include "common/sync.h"
#include "worker/io/net/server_channel.h"

namespace paceline::worker {
namespace {

// No field of the small messages has this number: they have no payload.
constexpr int kNoPayload = 15;

// How often the links to the servers are looked at.
constexpr absl::Duration kCheckEvery = absl::Milliseconds(250);

class GrpcPayload final : public ReceivedPayload {
 public:
  explicit GrpcPayload(paceline::Payload payload)
      : payload_(std::move(payload)), reader_(payload_) {}
  uint64_t size() const override { return payload_.size(); }
  bool Read(void* to, size_t size) override { return reader_.Read(to, size).ok(); }

 private:
  const paceline::Payload payload_;
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

// An outstanding call. Deleted by the queue's thread once its callback has run.
struct Call {
  uint32_t server = 0;
  // The link to the server was lost, and the call cancelled for that. Guarded by the
  // client's mutex.
  bool lost = false;
  // Outlives the reader.
  std::shared_ptr<grpc::GenericStub> stub;
  grpc::ClientContext context;
  grpc::ByteBuffer reply;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  std::function<void(const absl::Status&, const grpc::ByteBuffer&)> done;
};

class GrpcDataClient final : public DataClient {
 public:
  explicit GrpcDataClient(const std::vector<std::string>& addresses) {
    for (const std::string& address : addresses) {
      servers_.push_back(std::make_unique<ServerChannel>(address));
    }
    thread_ = std::thread([this] { Serve(); });
    pthread_setname_np(thread_.native_handle(), "data-client");
  }

  ~GrpcDataClient() override {
    CancelAll();
    queue_.Shutdown();
    thread_.join();
  }

  void OpenRank(uint32_t server, const v1::RequestContext& context, absl::Duration timeout,
                Done<v1::OpenRankResponse> done) override {
    v1::OpenRankRequest request;
    *request.mutable_context() = context;
    Small<v1::OpenRankResponse>(server, "OpenRank", request, timeout, std::move(done));
  }

  void Push(const PushFrame& frame, absl::Duration timeout, Done<v1::PushResponse> done) override {
    if (const absl::Status fault = Failpoint("task.push.send"); !fault.ok()) return done(fault);
    Start(frame.server, "Push",
          EncodeMessage(frame.header, v1::PushRequest::kPayloadFieldNumber, Slices(frame.payload)),
          timeout, Decoder(Past<v1::PushResponse>("task.push.answered", std::move(done))));
  }

  void Pull(const PullFrame& frame, absl::Duration timeout, Done<PullReply> done) override {
    if (const absl::Status fault = Failpoint("task.pull.send"); !fault.ok()) return done(fault);
    Start(frame.server, "Pull",
          EncodeMessage(frame.header, v1::PullRequest::kPayloadFieldNumber, Slices(frame.payload)),
          timeout,
          [done = Past<PullReply>("task.pull.answered", std::move(done))](
              const absl::Status& status, const grpc::ByteBuffer& buffer) {
            if (!status.ok()) return done(status);
            PullReply reply;
            paceline::Payload payload;
            const absl::Status decoded = DecodeMessage(
                buffer, v1::PullResponse::kPayloadFieldNumber, &reply.header, &payload);
            if (!decoded.ok()) return done(decoded);
            reply.payload = std::make_unique<GrpcPayload>(std::move(payload));
            done(std::move(reply));
          });
  }

  void Pin(uint32_t server, const v1::RequestContext& context, absl::Duration timeout,
           Done<v1::PinResponse> done) override {
    v1::PinRequest request;
    *request.mutable_context() = context;
    Small<v1::PinResponse>(server, "Pin", request, timeout, std::move(done));
  }

  void Unpin(uint32_t server, const v1::UnpinRequest& request, absl::Duration timeout,
             Done<v1::UnpinResponse> done) override {
    Small<v1::UnpinResponse>(server, "Unpin", request, timeout, std::move(done));
  }

  void CancelAll() override {
    MutexLock lock(&mu_);
    for (Call* call : calls_) call->context.TryCancel();
  }

 private:
  using RawDone = std::function<void(const absl::Status&, const grpc::ByteBuffer&)>;

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

  template <typename Response>
  static RawDone Decoder(Done<Response> done) {
    return [done = std::move(done)](const absl::Status& status, const grpc::ByteBuffer& buffer) {
      if (!status.ok()) return done(status);
      Response response;
      paceline::Payload none;
      const absl::Status decoded = DecodeMessage(buffer, kNoPayload, &response, &none);
      if (!decoded.ok()) return done(decoded);
      done(std::move(response));
    };
  }

  template <typename Response>
  void Small(uint32_t server, const char* method, const google::protobuf::MessageLite& request,
             absl::Duration timeout, Done<Response> done) {
    Start(server, method, EncodeMessage(request, kNoPayload), timeout,
          Decoder<Response>(std::move(done)));
  }

  void Start(uint32_t server, const char* method, const grpc::ByteBuffer& request,
             absl::Duration timeout, RawDone done) {
    PL_CHECK_LT(server, servers_.size());
    auto* const call = new Call;
    call->server = server;
    call->done = std::move(done);
    // gRPC's deadlines are of the machine's clock, whatever clock the rank has.
    call->context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    {
      MutexLock lock(&mu_);
      call->stub = servers_[server]->stub();
      calls_.insert(call);
    }
    call->reader = call->stub->PrepareUnaryCall(
        &call->context, std::string("/paceline.v1.DataPlane/") + method, request, &queue_);
    call->reader->StartCall();
    call->reader->Finish(&call->reply, &call->status, call);
  }

  void Serve() {
    absl::Time next_check = absl::Now();
    for (;;) {
      void* tag = nullptr;
      bool ok = false;
      switch (queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(next_check))) {
        case grpc::CompletionQueue::SHUTDOWN:
          return;
        case grpc::CompletionQueue::GOT_EVENT:
          Finish(std::unique_ptr<Call>(static_cast<Call*>(tag)));
          break;
        case grpc::CompletionQueue::TIMEOUT:
          break;
      }
      // Often enough also if the machine's clock was set back.
      const absl::Time now = absl::Now();
      if (now < next_check && next_check - now <= kCheckEvery) continue;
      next_check = now + kCheckEvery;
      CheckLinks();
    }
  }

  void Finish(std::unique_ptr<Call> call) {
    absl::Status status = FromGrpcStatus(call->status);
    {
      MutexLock lock(&mu_);
      calls_.erase(call.get());
      if (call->lost && !status.ok()) {
        status = absl::UnavailableError(
            absl::StrCat("no sign of life from ", servers_[call->server]->address()));
      }
    }
    call->done(status, call->reply);
  }

  void CheckLinks() {
    MutexLock lock(&mu_);
    for (uint32_t server = 0; server < servers_.size(); ++server) {
      if (!servers_[server]->CheckLost(clock_.Monotonic())) continue;
      for (Call* call : calls_) {
        if (call->server != server) continue;
        call->lost = true;
        call->context.TryCancel();
      }
    }
  }

  RealClock clock_;
  grpc::CompletionQueue queue_;
  Mutex mu_;
  // In the order of the addresses; the channels are guarded by mu_, the vector is not.
  std::vector<std::unique_ptr<ServerChannel>> servers_;
  std::unordered_set<Call*> calls_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace

std::unique_ptr<DataClient> MakeGrpcDataClient(const std::vector<std::string>& addresses) {
  return std::make_unique<GrpcDataClient>(addresses);
}

}  // namespace paceline::worker
