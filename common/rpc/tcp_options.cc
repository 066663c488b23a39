#include "common/rpc/tcp_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/sync.h"

namespace paceline {
namespace {

// Whether a socket of this process takes it; errno says why not.
bool Allowed(const std::string& name) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int failed =
      setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), static_cast<socklen_t>(name.size()));
  const int error = errno;
  close(fd);
  errno = error;
  return failed == 0;
}

std::string Available() {
  std::ifstream file("/proc/sys/net/ipv4/tcp_available_congestion_control");
  std::string names;
  std::getline(file, names);
  return names.empty() ? "unknown" : names;
}

TcpOptions Automatic() {
  for (const char* name : {"cubic", "reno"}) {
    if (Allowed(name)) return {.congestion = name};
  }
  return {};
}

struct Default {
  Mutex mu;
  TcpOptions options ABSL_GUARDED_BY(mu) = Automatic();
};

Default& TheDefault() {
  static auto* const instance = new Default;
  return *instance;
}

}  // namespace

absl::StatusOr<TcpOptions> ParseTcpCongestion(const std::string& word) {
  if (word == "auto") return Automatic();
  if (word == "system") return TcpOptions();
  if (Allowed(word)) return TcpOptions{.congestion = word};
  const std::string cause = std::strerror(errno);
  return absl::InvalidArgumentError(absl::StrCat("--tcp-congestion ", word, ": ", cause,
                                                 "; the kernel has ", Available(),
                                                 "; or: auto, system"));
}

TcpOptions DefaultTcpOptions() {
  MutexLock lock(&TheDefault().mu);
  return TheDefault().options;
}

void SetDefaultTcpOptions(const TcpOptions& options) {
  MutexLock lock(&TheDefault().mu);
  TheDefault().options = options;
}

}  // namespace paceline
