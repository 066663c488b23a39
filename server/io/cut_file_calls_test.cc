// Files of cuts over loopback, from a disk that can be held up.
#include "server/io/cut_file_calls.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/async_unary_call.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/served_queue.h"
#include "common/status/status_macros.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "proto/node.grpc.pb.h"

namespace paceline::server {
namespace {

// A disk that can be held up.
class Disk {
 public:
  absl::StatusOr<v1::ReadCutFileResponse> Read(const v1::ReadCutFileRequest& request) {
    MutexLock lock(&mu_);
    ++reads_;
    cv_.NotifyAll();
    while (held_up_) cv_.Wait(&mu_);
    if (request.name().empty()) return absl::NotFoundError("no such file");
    v1::ReadCutFileResponse response;
    response.set_data(request.name());
    return response;
  }
  void HoldUp(bool held_up) {
    MutexLock lock(&mu_);
    held_up_ = held_up;
    cv_.NotifyAll();
  }
  // Begun so far.
  int reads() {
    MutexLock lock(&mu_);
    return reads_;
  }
  void AwaitRead() {
    MutexLock lock(&mu_);
    while (reads_ == 0) cv_.Wait(&mu_);
  }

 private:
  Mutex mu_;
  CondVar cv_;
  bool held_up_ ABSL_GUARDED_BY(mu_) = false;
  int reads_ ABSL_GUARDED_BY(mu_) = 0;
};

struct Fixture {
  explicit Fixture(size_t most_waiting)
      : calls([this](const auto& request) { return disk.Read(request); }, most_waiting) {
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    calls.Register(&builder);
    queue.Register(&builder);
    server = builder.BuildAndStart();
    REQUIRE(server != nullptr);
    calls.Start(&queue);
    queue.Start(1);
    stub = v1::CutFiles::NewStub(
        MakeChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  }
  ~Fixture() {
    server->Shutdown(std::chrono::system_clock::now());
    calls.Shutdown();
    queue.Shutdown();
    answers.Shutdown();
  }

  // The piece that is answered next, of any call.
  absl::StatusOr<std::string> NextAnswer();

  Disk disk;
  CutFileCalls calls;
  ServedQueue queue;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<v1::CutFiles::Stub> stub;
  grpc::CompletionQueue answers;
};

// A call in progress; it is its own tag.
struct Read {
  explicit Read(Fixture* test, const std::string& name = "f") {
    v1::ReadCutFileRequest request;
    request.set_name(name);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    reader = test->stub->AsyncReadCutFile(&context, request, &test->answers);
    reader->Finish(&response, &status, this);
  }

  grpc::ClientContext context;
  v1::ReadCutFileResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ReadCutFileResponse>> reader;
};

absl::StatusOr<std::string> Fixture::NextAnswer() {
  void* tag = nullptr;
  bool ok = false;
  REQUIRE(answers.Next(&tag, &ok));
  const Read& read = *static_cast<Read*>(tag);
  PL_RETURN_IF_ERROR(FromGrpcStatus(read.status));
  return read.response.data();
}

TEST_CASE("a slow disk holds reads up, so many and no more, and nobody else") {
  Fixture test(/*most_waiting=*/2);
  test.disk.HoldUp(true);
  const Read being_read(&test, "a");
  test.disk.AwaitRead();
  const Read others[] = {Read(&test), Read(&test), Read(&test)};
  // The queue's only thread has time to refuse one of the three.
  CHECK_STATUS(test.NextAnswer(), absl::StatusCode::kResourceExhausted, "disk");
  test.disk.HoldUp(false);
  CHECK(test.NextAnswer().value() == "a");
  for (int i = 0; i < 2; ++i) CHECK(test.NextAnswer().value() == "f");
  CHECK(test.disk.reads() == 3);
  const Read nothing(&test, "");
  CHECK_STATUS(test.NextAnswer(), absl::StatusCode::kNotFound, "no such file");
}

TEST_CASE("what waits when the server ends is not read any more") {
  Fixture test(/*most_waiting=*/1);
  test.disk.HoldUp(true);
  const Read being_read(&test, "a");
  test.disk.AwaitRead();
  const Read others[] = {Read(&test), Read(&test)};
  // Which says that the other waits.
  CHECK_STATUS(test.NextAnswer(), absl::StatusCode::kResourceExhausted, "disk");
  std::thread end([&] { test.calls.Shutdown(); });
  absl::Status refused = absl::OkStatus();
  while (!absl::IsUnavailable(refused)) {
    const Read late(&test);
    refused = test.NextAnswer().status();
  }
  test.disk.HoldUp(false);
  CHECK(test.NextAnswer().value() == "a");
  CHECK_STATUS(test.NextAnswer(), absl::StatusCode::kUnavailable, "shuts down");
  CHECK(test.disk.reads() == 1);
  end.join();
}

}  // namespace
}  // namespace paceline::server
