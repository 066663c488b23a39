#include "common/process/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace paceline {
namespace {

// What the child does until exec. Only async-signal-safe calls, and everything
// that needs memory was prepared before the fork: other threads of this process
// may have held any lock at that moment.
struct ChildPlan {
  std::vector<char*> argv;
  std::vector<char*> env;
  const char* output_path;
  // Null: stay.
  const char* working_dir;
  bool die_with_parent;
  pid_t parent;
  // Closed by a successful exec.
  int error_fd;
};

// The step that failed travels with errno through the pipe.
enum class Step : int { kPrctl, kChdir, kOutput, kExec };
struct SpawnFailure {
  Step step;
  int error;
};

[[noreturn]] void Fail(const ChildPlan& plan, Step step) {
  const SpawnFailure failure{step, errno};
  // Smaller than a pipe's atomic write; if it fails, nobody is left to tell.
  [[maybe_unused]] const ssize_t written = write(plan.error_fd, &failure, sizeof(failure));
  _exit(127);
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  setpgid(0, 0);
  if (plan.die_with_parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(plan, Step::kPrctl);
    // It may have ended before the call above.
    if (getppid() != plan.parent) _exit(127);
  }
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  const int output = open(plan.output_path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (output < 0) Fail(plan, Step::kOutput);
  if (plan.working_dir != nullptr && chdir(plan.working_dir) != 0) Fail(plan, Step::kChdir);
  const int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
      dup2(output, STDERR_FILENO) < 0) {
    Fail(plan, Step::kOutput);
  }
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(plan.argv[0], plan.argv.data(), plan.env.data());
  Fail(plan, Step::kExec);
}

std::vector<std::string> Environment(const std::vector<std::string>& extra) {
  std::vector<std::string> merged = extra;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const char* const equals = std::strchr(*entry, '=');
    if (equals == nullptr) continue;
    const std::string name(*entry, static_cast<std::size_t>(equals + 1 - *entry));
    bool replaced = false;
    for (const std::string& other : extra) replaced |= other.rfind(name, 0) == 0;
    if (!replaced) merged.emplace_back(*entry);
  }
  return merged;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

absl::Status Explain(const SpawnFailure& failure, const ChildProcess::Options& options) {
  const std::string& program = options.argv[0];
  switch (failure.step) {
    case Step::kPrctl:
      return absl::ErrnoToStatus(failure.error, absl::StrCat("start ", program, ": prctl"));
    case Step::kChdir:
      return absl::ErrnoToStatus(failure.error,
                                 absl::StrCat("start ", program, ": enter ", options.working_dir));
    case Step::kOutput:
      return absl::ErrnoToStatus(
          failure.error, absl::StrCat("start ", program, ": open output ", options.output_path));
    case Step::kExec:
      break;
  }
  return absl::ErrnoToStatus(failure.error, absl::StrCat("start ", program));
}

}  // namespace

std::string ExitStatus::Describe() const {
  if (signal == 0) return absl::StrCat("exit code ", exit_code);
  const char* const name = sigabbrev_np(signal);
  const char* const text = sigdescr_np(signal);
  std::string description = name != nullptr ? absl::StrCat("killed by SIG", name, " (", text, ")")
                                            : absl::StrCat("killed by signal ", signal);
  if (core_dumped) absl::StrAppend(&description, ", core dumped");
  if (signal == SIGKILL && !signal_was_ours) {
    absl::StrAppend(&description, ", not sent by us: out of memory, or by hand");
  }
  return description;
}

ChildProcess::ChildProcess(pid_t pid) : pid_(pid) {}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Spawn(const Options& options) {
  PL_CHECK(!options.argv.empty());
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");

  const std::vector<std::string> env = Environment(options.extra_env);
  const ChildPlan plan = {
      .argv = Pointers(options.argv),
      .env = Pointers(env),
      .output_path = options.output_path.empty() ? "/dev/null" : options.output_path.c_str(),
      .working_dir = options.working_dir.empty() ? nullptr : options.working_dir.c_str(),
      .die_with_parent = options.die_with_parent,
      .parent = getpid(),
      .error_fd = error_pipe[1],
  };
  // No signal handler of ours may run in the child before it has reset them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) RunChild(plan);
  const int fork_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(error_pipe[1]);
  if (pid < 0) {
    close(error_pipe[0]);
    return absl::ErrnoToStatus(fork_error, absl::StrCat("start ", options.argv[0], ": fork"));
  }

  SpawnFailure failure;
  ssize_t got;
  do {
    got = read(error_pipe[0], &failure, sizeof(failure));
  } while (got < 0 && errno == EINTR);
  close(error_pipe[0]);
  std::unique_ptr<ChildProcess> child(new ChildProcess(pid));
  if (got == sizeof(failure)) {
    child->Wait();
    return Explain(failure, options);
  }
  return child;
}

ChildProcess::~ChildProcess() {
  if (exit_.has_value()) return;
  Kill();
  Wait();
}

bool ChildProcess::Reap(int flags) {
  if (exit_.has_value()) return true;
  int status = 0;
  pid_t reaped;
  do {
    reaped = waitpid(pid_, &status, flags);
  } while (reaped < 0 && errno == EINTR);
  if (reaped == 0) return false;
  // Nobody else may wait for our children.
  PL_CHECK_EQ(reaped, pid_) << std::strerror(errno);
  ExitStatus exit;
  if (WIFSIGNALED(status)) {
    exit.signal = WTERMSIG(status);
    exit.core_dumped = WCOREDUMP(status);
    exit.signal_was_ours = (sent_signals_ >> exit.signal & 1) != 0;
  } else {
    exit.exit_code = WEXITSTATUS(status);
  }
  exit_ = exit;
  return true;
}

std::optional<ExitStatus> ChildProcess::TryWait() {
  Reap(WNOHANG);
  return exit_;
}

ExitStatus ChildProcess::Wait() {
  Reap(0);
  return *exit_;
}

absl::Status ChildProcess::Signal(int signal) {
  // Before it is reaped the pid cannot belong to anybody else.
  if (exit_.has_value()) return absl::OkStatus();
  if (kill(pid_, signal) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("signal ", signal, " to process ", pid_));
  }
  sent_signals_ |= std::uint64_t{1} << signal;
  return absl::OkStatus();
}

void ChildProcess::Kill() {
  if (exit_.has_value()) return;
  sent_signals_ |= std::uint64_t{1} << SIGKILL;
  // Its group may not exist yet, or no more.
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
}

}  // namespace paceline
