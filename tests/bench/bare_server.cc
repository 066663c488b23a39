#include "tests/bench/bare_server.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "common/check.h"
#include "common/rpc/channel.h"
#include "common/rpc/held_event.h"
#include "proto/data.grpc.pb.h"
#include "server/core/payload.h"
#include "server/core/rows/byte_view.h"
#include "server/io/call_stream.h"

namespace paceline::bench {
namespace {

constexpr float kLearningRate = 0.001f;
// As the data plane has them.
constexpr int kThreads = 2;

// Weights of each shard of the map.
using Weights = std::vector<std::vector<float>>;

void Apply(const v1::PushRequest& header, const server::Payload& payload, Weights* weights) {
  uint64_t at = 0;
  for (const v1::PushBlock& block : header.blocks()) {
    std::vector<float>& to = (*weights)[block.shard()];
    payload.View()
        .Sub(at, to.size() * sizeof(float))
        .ForEachFloats([&](const uint8_t* bytes, size_t count, uint64_t first) {
          for (size_t i = 0; i < count; ++i) {
            float gradient;
            std::memcpy(&gradient, bytes + i * sizeof(float), sizeof(float));
            to[first + i] -= kLearningRate * gradient;
          }
        });
    at += to.size() * sizeof(float);
  }
}

server::StreamAnswer Answer(const v1::DataCall& call, const server::Payload& payload,
                            Weights* weights) {
  server::StreamAnswer answer;
  if (call.has_push()) {
    Apply(call.push(), payload, weights);
    answer.header.mutable_push();
  } else {
    answer.header.mutable_open_rank();
  }
  return answer;
}

}  // namespace

void ServeBare(const v1::ShardMap& map, Role* role) {
  Weights weights;
  for (const v1::ShardSpec& shard : map.shards()) {
    const uint32_t dim = map.tables(static_cast<int>(shard.table())).dim();
    weights.emplace_back(shard.rows() * dim, 1.0f);
  }
  v1::DataPlane::WithRawMethod_Stream<v1::DataPlane::Service> service;
  grpc::ServerBuilder builder;
  ApplyServerDefaults(&builder);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  PL_CHECK(server != nullptr);
  auto options = std::make_shared<server::CallStream::Options>();
  options->request = [&](grpc::ServerContext* context, server::CallStream::Wire* wire, void* tag) {
    service.RequestStream(context, wire, queue.get(), queue.get(), tag);
  };
  options->serve = [&](const v1::DataCall& call, const server::Payload& payload,
                       const server::CallStream::Answer& answer) {
    answer(Answer(call, payload, &weights));
    return nullptr;
  };
  options->with_open_queue = [](const std::function<void()>& use) {
    use();
    return true;
  };
  options->arrived = [](const std::shared_ptr<server::CallStream>&) {};
  server::CallStream::Await(options);
  for (int i = 0; i < kThreads; ++i) {
    std::thread([&] {
      void* tag = nullptr;
      bool ok = false;
      while (queue->Next(&tag, &ok)) (*static_cast<QueueEvent*>(tag))(ok);
    }).detach();
  }
  role->SetPort(port);
  role->AwaitGo();
  role->AwaitStop();
  role->Finish();
}

}  // namespace paceline::bench
