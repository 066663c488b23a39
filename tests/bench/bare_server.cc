#include "tests/bench/bare_server.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/check.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/channel.h"
#include "common/rpc/payload.h"
#include "proto/data.pb.h"
#include "tests/bench/raw_answerer.h"

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

grpc::ByteBuffer Answer(const std::string& method, grpc::ByteBuffer* message, Weights* weights) {
  if (method != "/paceline.v1.DataPlane/Push") {
    return EncodeMessage(v1::OpenRankResponse(), /*payload_field=*/0);
  }
  v1::PushRequest header;
  Payload payload;
  PL_CHECK_OK(DecodeMessage(*message, v1::PushRequest::kPayloadFieldNumber, &header, &payload));
  message->Clear();
  Apply(header, payload, weights);
  return EncodeMessage(v1::PushResponse(), /*payload_field=*/0);
}

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
  const auto answer = [&](const std::string& method, grpc::ByteBuffer* message) {
    return Answer(method, message, &weights);
  };
  for (int i = 0; i < kCallsAhead; ++i) new RawAnswerer(&service, queue.get(), answer);
  for (int i = 0; i < kThreads; ++i) {
    std::thread([&] {
      void* tag = nullptr;
      bool ok = false;
      while (queue->Next(&tag, &ok)) {
        if (ok) static_cast<RawAnswerer*>(tag)->Proceed();
      }
    }).detach();
  }
  role->SetPort(port);
  role->AwaitGo();
  role->AwaitStop();
  role->Finish();
}

}  // namespace paceline::bench
