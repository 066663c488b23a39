#include "common/daemon/signals.h"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

namespace paceline {
namespace {

TEST_CASE("signals wait for main, also those that come early") {
  BlockTerminationSignals();
  REQUIRE(kill(getpid(), SIGINT) == 0);
  REQUIRE(WaitForTerminationSignal() == SIGINT);

  std::thread other([] { RequestTermination(); });
  REQUIRE(WaitForTerminationSignal() == SIGTERM);
  other.join();
}

TEST_CASE("a thread that blocks nothing does not take the signals away") {
  BlockTerminationSignals();
  std::atomic<bool> done = false;
  std::atomic<bool> open = false;
  std::thread careless([&] {
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    open = true;
    while (!done) std::this_thread::yield();
  });
  while (!open) std::this_thread::yield();
  // Nobody waits yet, so only that thread can get them.
  RequestTermination();
  REQUIRE(WaitForTerminationSignal() == SIGTERM);
  REQUIRE(kill(getpid(), SIGINT) == 0);
  REQUIRE(WaitForTerminationSignal() == SIGINT);
  done = true;
  careless.join();
}

TEST_CASE("a file that appears is a SIGTERM") {
  BlockTerminationSignals();
  const std::string path = "notice-" + std::to_string(getpid());
  REQUIRE(kill(getpid(), SIGINT) == 0);
  REQUIRE(WaitForTerminationSignal(path) == SIGINT);
  std::thread other([&] { std::ofstream(path) << "soon"; });
  REQUIRE(WaitForTerminationSignal(path) == SIGTERM);
  other.join();
  // As long as it lies there.
  REQUIRE(WaitForTerminationSignal(path) == SIGTERM);
  REQUIRE(unlink(path.c_str()) == 0);
}

TEST_CASE("writing to a closed pipe is an error only") {
  BlockTerminationSignals();
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  close(fds[0]);
  REQUIRE(write(fds[1], "x", 1) == -1);
  close(fds[1]);
}

}  // namespace
}  // namespace paceline
