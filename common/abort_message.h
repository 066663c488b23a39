// For tests of what stops the process.
//
//   CHECK_THAT(AbortMessage([] { PL_CHECK_EQ(1, 2); }), Contains("1 vs 2"));
#ifndef PACELINE_COMMON_ABORT_MESSAGE_H_
#define PACELINE_COMMON_ABORT_MESSAGE_H_

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>

namespace paceline {

// Runs `body` in a child and returns what it printed; requires that it aborted.
template <typename Body>
std::string AbortMessage(Body body) {
  int pipe_fds[2];
  REQUIRE(pipe(pipe_fds) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    dup2(pipe_fds[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  close(pipe_fds[1]);
  std::string text;
  char buffer[512];
  for (ssize_t n; (n = read(pipe_fds[0], buffer, sizeof(buffer))) > 0;) text.append(buffer, n);
  close(pipe_fds[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGABRT);
  return text;
}

}  // namespace paceline

#endif  // PACELINE_COMMON_ABORT_MESSAGE_H_
