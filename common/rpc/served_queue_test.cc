#include "common/rpc/served_queue.h"

#include <grpcpp/server.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>

namespace paceline {
namespace {

TEST_CASE("a queue whose threads do not come back is found out") {
  ServedQueue queue;
  grpc::ServerBuilder builder;
  queue.Register(&builder);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  queue.Start(/*threads=*/1);
  // Asked again and again while the thread takes events.
  for (int second = 0; second < 3; ++second) {
    while (queue.Stalled(absl::Seconds(second)) > absl::ZeroDuration()) {
    }
  }

  Mutex mu;
  CondVar cv;
  bool held = false;
  bool go = false;
  QueueEvent hold = [&](bool) {
    MutexLock lock(&mu);
    held = true;
    cv.NotifyAll();
    while (!go) cv.Wait(&mu);
  };
  grpc::Alarm alarm;
  queue.WithOpen([&] { alarm.Set(queue.get(), std::chrono::system_clock::now(), &hold); });
  {
    MutexLock lock(&mu);
    while (!held) cv.Wait(&mu);
  }
  // One may be on its way from above.
  (void)queue.Stalled(absl::Seconds(100));
  CHECK(queue.Stalled(absl::Seconds(107)) >= absl::Seconds(7));
  {
    MutexLock lock(&mu);
    go = true;
    cv.NotifyAll();
  }
  while (queue.Stalled(absl::Seconds(107)) > absl::ZeroDuration()) {
  }
  server->Shutdown();
  queue.Shutdown();
  CHECK(queue.Stalled(absl::Seconds(999)) == absl::ZeroDuration());
}

}  // namespace
}  // namespace paceline
