#include "common/daemon/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "common/check.h"

namespace paceline {
namespace {

sigset_t TerminationSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void BlockTerminationSignals() {
  const sigset_t signals = TerminationSignals();
  PL_CHECK_EQ(pthread_sigmask(SIG_BLOCK, &signals, nullptr), 0);
  std::signal(SIGPIPE, SIG_IGN);
}

int WaitForTerminationSignal() {
  const sigset_t signals = TerminationSignals();
  int signal = 0;
  PL_CHECK_EQ(sigwait(&signals, &signal), 0);
  return signal;
}

void RequestTermination() { PL_CHECK_EQ(kill(getpid(), SIGTERM), 0); }

}  // namespace paceline
