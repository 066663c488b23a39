// pacectl: submits jobs, watches them, runs them locally, exports what they learned.
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "cli/pacectl.h"
#include "cli/process_environment.h"
#include "common/clock.h"
#include "common/daemon/signals.h"
#include "common/fs_posix.h"

namespace {

std::string Variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  paceline::BlockTerminationSignals();
  paceline::RealClock clock;
  paceline::PosixFileSystem fs;
  paceline::cli::Interrupt interrupt;
  const std::string charset = Variable("LC_ALL", Variable("LANG", "UTF-8").c_str());
  paceline::cli::Environment env{.out = std::cout,
                                 .err = std::cerr,
                                 .clock = clock,
                                 .fs = fs,
                                 .interrupt = interrupt,
                                 .out_is_terminal = isatty(STDOUT_FILENO) != 0,
                                 .err_is_terminal = isatty(STDERR_FILENO) != 0,
                                 .columns = paceline::cli::TerminalColumns(STDERR_FILENO),
                                 .color = Variable("NO_COLOR", "").empty(),
                                 .utf8 = charset.find("UTF-8") != std::string::npos,
                                 .default_address = Variable("PACELINE_ADDRESS", "127.0.0.1:7070"),
                                 .default_tls_dir = Variable("PACELINE_TLS_DIR", ""),
                                 .self = paceline::cli::SelfPath(),
                                 .temp_dir = Variable("TMPDIR", "/tmp"),
                                 .random_id = paceline::cli::RandomId};
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
