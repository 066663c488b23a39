// pacectl: submits jobs, watches them, runs them locally, exports what they learned.
#include <atomic>
#include <thread>

#include "cli/blas_kernels.h"
#include "cli/pacectl.h"
#include "cli/process_environment.h"
#include "common/clock.h"
#include "common/daemon/signals.h"
#include "common/fs_posix.h"

int main(int argc, char** argv) {
  paceline::cli::UseBlasKernelsOfTasks(argv);
  paceline::BlockTerminationSignals();
  paceline::RealClock clock;
  paceline::PosixFileSystem fs;
  paceline::cli::Interrupt interrupt;
  paceline::cli::Environment env = paceline::cli::ProcessEnvironment(clock, fs, interrupt);
  std::atomic<bool> done = false;
  std::thread signals([&] {
    do {
      paceline::WaitForTerminationSignal();
      interrupt.Request();
    } while (!done);
  });
  const int code = paceline::cli::RunPacectl(argc, argv, env);
  done = true;
  paceline::RequestTermination();
  signals.join();
  return code;
}
