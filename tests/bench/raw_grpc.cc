#include "tests/bench/raw_grpc.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/check.h"
#include "common/rpc/channel.h"
#include "tests/bench/raw_answerer.h"

namespace paceline::bench {
namespace {

// When to look whether the run is over.
std::chrono::system_clock::time_point Soon() {
  return std::chrono::system_clock::now() + std::chrono::milliseconds(10);
}

grpc::ByteBuffer Nothing(const std::string&, grpc::ByteBuffer* message) {
  message->Clear();
  const grpc::Slice empty;
  return grpc::ByteBuffer(&empty, 1);
}

void Receive(const RawGrpcOptions& options, Role* role) {
  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  ApplyServerDefaults(&builder);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterAsyncGenericService(&service);
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  PL_CHECK(server != nullptr);
  role->SetPort(port);
  for (int i = 0; i < options.outstanding; ++i) new RawAnswerer(&service, queue.get(), Nothing);
  role->AwaitGo();
  while (!role->stopped()) {
    void* tag = nullptr;
    bool ok = false;
    if (queue->AsyncNext(&tag, &ok, Soon()) != grpc::CompletionQueue::GOT_EVENT) continue;
    if (ok) static_cast<RawAnswerer*>(tag)->Proceed();
  }
  role->Finish();
}

struct SentCall {
  absl::Time sent = absl::Now();
  grpc::ClientContext context;
  grpc::ByteBuffer answer;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
};

void Send(const RawGrpcOptions& options, int receiver, Role* role) {
  grpc::GenericStub stub(MakeChannel(absl::StrCat("127.0.0.1:", role->PortOf(receiver)),
                                     grpc::InsecureChannelCredentials()));
  grpc::CompletionQueue queue;
  std::string bytes(options.message_bytes, 'x');
  const grpc::Slice slice(bytes.data(), bytes.size(), grpc::Slice::STATIC_SLICE);
  const grpc::ByteBuffer message(&slice, 1);
  const auto start = [&] {
    auto* const call = new SentCall;
    call->reader = stub.PrepareUnaryCall(&call->context, "/bench/Echo", message, &queue);
    call->reader->StartCall();
    call->reader->Finish(&call->answer, &call->status, call);
  };
  role->AwaitGo();
  for (int i = 0; i < options.outstanding; ++i) start();
  while (!role->stopped()) {
    void* tag = nullptr;
    bool ok = false;
    // The receiver may have stopped before.
    if (queue.AsyncNext(&tag, &ok, Soon()) != grpc::CompletionQueue::GOT_EVENT) continue;
    const std::unique_ptr<SentCall> call(static_cast<SentCall*>(tag));
    PL_CHECK(call->status.ok()) << call->status.error_message();
    role->Count(options.message_bytes, absl::Now() - call->sent);
    start();
  }
  role->Finish();
}

}  // namespace

RunTotals RunRawGrpc(const RawGrpcOptions& options) {
  RoleProcesses roles(2 * options.pairs);
  for (int pair = 0; pair < options.pairs; ++pair) {
    roles.Start(2 * pair, [&](Role* role) { Receive(options, role); });
    roles.Start(2 * pair + 1, [&](Role* role) { Send(options, 2 * pair, role); });
  }
  roles.AwaitReady();
  return roles.Run(options.time);
}

}  // namespace paceline::bench
