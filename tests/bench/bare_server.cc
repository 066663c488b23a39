#include "tests/bench/bare_server.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "common/check.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/channel.h"
#include "common/rpc/payload.h"
#include "proto/data.pb.h"

namespace paceline::bench {
namespace {

constexpr float kLearningRate = 0.001f;
// As the data plane has them.
constexpr int kThreads = 2;
constexpr int kCallsAhead = 8;

// Weights of each shard of the map.
using Weights = std::vector<std::vector<float>>;

void Apply(const v1::PushRequest& header, const Payload& payload, Weights* weights) {
  PayloadReader reader(payload);
  FloatBuffer scratch;
  for (const v1::PushBlock& block : header.blocks()) {
    std::vector<float>& to = (*weights)[block.shard()];
    // About as long as the pieces that messages arrive in.
    constexpr size_t kRun = 8192;
    for (size_t done = 0; done < to.size();) {
      const size_t count = std::min(kRun, to.size() - done);
      const absl::StatusOr<const float*> gradient = reader.Floats(count, &scratch);
      PL_CHECK_OK(gradient.status());
      for (size_t i = 0; i < count; ++i) to[done + i] -= kLearningRate * (*gradient)[i];
      done += count;
    }
  }
}

// A call that is awaited, read, answered and awaited anew.
class Answerer {
 public:
  Answerer(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue, Weights* weights)
      : service_(service), queue_(queue), weights_(weights) {
    Next();
  }

  void Proceed() {
    switch (state_) {
      case State::kAwaited:
        state_ = State::kRead;
        return call_->stream.Read(&message_, this);
      case State::kRead:
        state_ = State::kAnswered;
        return call_->stream.WriteAndFinish(Answer(), grpc::WriteOptions(), grpc::Status::OK, this);
      case State::kAnswered:
        return Next();
    }
  }

 private:
  struct Call {
    grpc::GenericServerContext context;
    grpc::GenericServerAsyncReaderWriter stream{&context};
  };
  enum class State { kAwaited, kRead, kAnswered };

  void Next() {
    call_ = std::make_unique<Call>();
    state_ = State::kAwaited;
    service_->RequestCall(&call_->context, &call_->stream, queue_, queue_, this);
  }

  grpc::ByteBuffer Answer() {
    if (call_->context.method() != "/paceline.v1.DataPlane/Push") {
      return EncodeMessage(v1::OpenRankResponse(), /*payload_field=*/0);
    }
    v1::PushRequest header;
    Payload payload;
    PL_CHECK_OK(DecodeMessage(message_, v1::PushRequest::kPayloadFieldNumber, &header, &payload));
    message_.Clear();
    Apply(header, payload, weights_);
    return EncodeMessage(v1::PushResponse(), /*payload_field=*/0);
  }

  grpc::AsyncGenericService* const service_;
  grpc::ServerCompletionQueue* const queue_;
  Weights* const weights_;
  State state_ = State::kAwaited;
  std::unique_ptr<Call> call_;
  grpc::ByteBuffer message_;
};

}  // namespace

void ServeBare(const v1::ShardMap& map, Role* role) {
  Weights weights;
  for (const v1::ShardSpec& shard : map.shards()) {
    const uint32_t dim = map.tables(static_cast<int>(shard.table())).dim();
    weights.emplace_back(shard.rows() * dim, 1.0f);
  }
  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  ApplyServerDefaults(&builder);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterAsyncGenericService(&service);
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  PL_CHECK(server != nullptr);
  for (int i = 0; i < kCallsAhead; ++i) new Answerer(&service, queue.get(), &weights);
  for (int i = 0; i < kThreads; ++i) {
    std::thread([&] {
      void* tag = nullptr;
      bool ok = false;
      while (queue->Next(&tag, &ok)) {
        if (ok) static_cast<Answerer*>(tag)->Proceed();
      }
    }).detach();
  }
  role->SetPort(port);
  role->AwaitGo();
  role->AwaitStop();
  role->Finish();
}

}  // namespace paceline::bench
