#include "worker/io/net/client_queue.h"

#include <grpcpp/alarm.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "common/rpc/held_event.h"

namespace paceline::worker {
namespace {

TEST_CASE("events are taken by the queue's thread") {
  ClientQueue queue;
  std::promise<std::thread::id> taken;
  QueueEvent event = [&](bool ok) {
    CHECK(ok);
    taken.set_value(std::this_thread::get_id());
  };
  grpc::Alarm alarm;
  alarm.Set(queue.get(), std::chrono::system_clock::now(), &event);
  CHECK(taken.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("ticks come again and again until they are removed") {
  ClientQueue queue;
  std::atomic<int> ticks{0};
  std::atomic<int> others{0};
  const uint64_t tick = queue.AddTick([&] { ++ticks; });
  queue.AddTick([&] { ++others; });
  while (ticks < 3) std::this_thread::yield();
  queue.RemoveTick(tick);
  const int before = ticks;
  const int others_before = others;
  while (others < others_before + 2) std::this_thread::yield();
  CHECK(ticks == before);
}

}  // namespace
}  // namespace paceline::worker
