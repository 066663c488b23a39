#include "common/daemon/signals.h"

#include <pthread.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

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

// Runs only on a thread that a library started before main, with nothing blocked:
// blocks the signals there, and sends this one again, to whoever waits for it.
void PassOn(int signal, siginfo_t* /*info*/, void* context) {
  const int saved_errno = errno;
  sigaddset(&static_cast<ucontext_t*>(context)->uc_sigmask, SIGTERM);
  sigaddset(&static_cast<ucontext_t*>(context)->uc_sigmask, SIGINT);
  kill(getpid(), signal);
  errno = saved_errno;
}

}  // namespace

void BlockTerminationSignals() {
  const sigset_t signals = TerminationSignals();
  struct sigaction action {};
  action.sa_sigaction = PassOn;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  action.sa_mask = signals;
  for (const int signal : {SIGTERM, SIGINT}) {
    PL_CHECK_EQ(sigaction(signal, &action, nullptr), 0);
  }
  PL_CHECK_EQ(pthread_sigmask(SIG_BLOCK, &signals, nullptr), 0);
  std::signal(SIGPIPE, SIG_IGN);
}

int WaitForTerminationSignal(const std::string& notice) {
  const sigset_t signals = TerminationSignals();
  int signal = 0;
  while (!notice.empty()) {
    if (access(notice.c_str(), F_OK) == 0) return SIGTERM;
    const timespec between_looks = {.tv_sec = 0, .tv_nsec = 500'000'000};
    signal = sigtimedwait(&signals, nullptr, &between_looks);
    if (signal > 0) return signal;
  }
  PL_CHECK_EQ(sigwait(&signals, &signal), 0);
  return signal;
}

void RequestTermination() { PL_CHECK_EQ(kill(getpid(), SIGTERM), 0); }

}  // namespace paceline
