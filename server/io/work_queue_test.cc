#include "server/io/work_queue.h"

#include <catch2/catch.hpp>
#include <vector>

#include "common/sync.h"

namespace paceline::server {
namespace {

TEST_CASE("work is run in order, all of it before the queue ends") {
  std::vector<int> ran;
  {
    WorkQueue queue(100);
    for (int i = 0; i < 50; ++i) REQUIRE(queue.Add([&ran, i] { ran.push_back(i); }));
  }
  REQUIRE(ran.size() == 50);
  for (int i = 0; i < 50; ++i) CHECK(ran[i] == i);
}

TEST_CASE("a full queue and one that is shut down take nothing") {
  Mutex mu;
  CondVar cv;
  bool begun = false;
  bool go = false;
  int ran = 0;
  WorkQueue queue(1);
  REQUIRE(queue.Add([&] {
    MutexLock lock(&mu);
    begun = true;
    cv.NotifyAll();
    while (!go) cv.Wait(&mu);
    ++ran;
  }));
  {
    MutexLock lock(&mu);
    while (!begun) cv.Wait(&mu);
  }
  CHECK(queue.Add([&] { ++ran; }));
  CHECK_FALSE(queue.Add([&] { ++ran; }));
  {
    MutexLock lock(&mu);
    go = true;
    cv.NotifyAll();
  }
  queue.Shutdown();
  CHECK(ran == 2);
  CHECK_FALSE(queue.Add([&] { ++ran; }));
  queue.Shutdown();
}

}  // namespace
}  // namespace paceline::server
