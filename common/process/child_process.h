// A child process: started, watched without blocking, and never left behind.
//
//   ChildProcess::Options options;
//   options.argv = {"/usr/bin/paceline-worker", "task", "--rank=3"};
//   options.output_path = "task-3.log";
//   PL_ASSIGN_OR_RETURN(auto child, ChildProcess::Spawn(options));
//   if (const std::optional<ExitStatus> exit = child->TryWait()) Report(exit->Describe());
//
// The child has its own process group, the default signal dispositions with
// nothing blocked, /dev/null as stdin, stdout and stderr appended to one file,
// and no other descriptor of ours. The file holds all that the child prints:
// bounding it is the child's business (see ReadTail in file_tail.h for its end).
//
// With `die_with_parent` the kernel kills the child when the *thread* that called
// Spawn ends, which includes the end of this process: spawn from a thread that
// lives as long as the child may.
//
// Thread-compatible.
#ifndef PACELINE_COMMON_PROCESS_CHILD_PROCESS_H_
#define PACELINE_COMMON_PROCESS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace paceline {

// How a process ended.
struct ExitStatus {
  // Meaningful if signal is 0.
  int exit_code = 0;
  // 0: it exited by itself.
  int signal = 0;
  bool core_dumped = false;
  // The signal was sent through ChildProcess::Signal or Kill.
  bool signal_was_ours = false;

  bool success() const { return signal == 0 && exit_code == 0; }
  // "exit code 3", "killed by SIGSEGV (Segmentation fault), core dumped". A
  // SIGKILL that was not ours may come from the kernel when memory ran out: the
  // text says so, since nobody can tell from the status alone.
  std::string Describe() const;
};

class ChildProcess {
 public:
  struct Options {
    // The program's path (not searched for in PATH) and its arguments.
    std::vector<std::string> argv;
    // "NAME=value", on top of our own environment and stronger than it.
    std::vector<std::string> extra_env;
    // stdout and stderr are appended to this file; empty: /dev/null.
    std::string output_path;
    // Empty: ours.
    std::string working_dir;
    bool die_with_parent = true;
  };

  // Returns once the program runs.
  // Errors: after errno, naming what failed: NotFound if there is no such program.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Spawn(const Options& options);

  // Kills the child with SIGKILL if it still runs, and waits for it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  // Nothing while it runs. After the end, the same status again and again.
  std::optional<ExitStatus> TryWait();
  // Blocks until it ends.
  ExitStatus Wait();

  // To the child alone, not to its group. No error if it has ended already.
  absl::Status Signal(int signal);
  // SIGKILL to its whole process group.
  void Kill();

 private:
  explicit ChildProcess(pid_t pid);
  // `flags` of waitpid; true once the end is known.
  bool Reap(int flags);

  const pid_t pid_;
  // Bit s: signal s was sent.
  std::uint64_t sent_signals_ = 0;
  std::optional<ExitStatus> exit_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_PROCESS_CHILD_PROCESS_H_
