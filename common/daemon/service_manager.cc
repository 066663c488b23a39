#include "common/daemon/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/log.h"

namespace paceline {
namespace {

// Of the sentence for people.
constexpr absl::Duration kStatusInterval = absl::Seconds(5);

std::string TakeVariable(const char* name) {
  const char* const value = std::getenv(name);
  std::string taken = value == nullptr ? "" : value;
  unsetenv(name);
  return taken;
}

}  // namespace

ServiceEnvironment TakeServiceEnvironment() {
  ServiceEnvironment environment;
  environment.notify_socket = TakeVariable("NOTIFY_SOCKET");
  const std::string interval = TakeVariable("WATCHDOG_USEC");
  const std::string pid = TakeVariable("WATCHDOG_PID");
  int64_t microseconds = 0;
  if ((pid.empty() || pid == absl::StrCat(getpid())) && absl::SimpleAtoi(interval, &microseconds) &&
      microseconds > 0) {
    environment.watchdog = absl::Microseconds(microseconds);
  }
  return environment;
}

ServiceManager::ServiceManager(Options options) : options_(std::move(options)) {
  const std::string& name = options_.environment.notify_socket;
  if (name.empty()) return;
  fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  Send("READY=1");
  thread_ = std::thread([this] { Run(); });
}

ServiceManager::~ServiceManager() {
  if (!thread_.joinable()) return;
  Send("STOPPING=1");
  {
    MutexLock lock(&mu_);
    stop_ = true;
    stop_cv_.NotifyAll();
  }
  thread_.join();
  if (fd_ >= 0) close(fd_);
}

void ServiceManager::Run() {
  const absl::Duration watchdog = options_.environment.watchdog;
  const absl::Duration interval =
      watchdog > absl::ZeroDuration() ? std::min(watchdog / 2, kStatusInterval) : kStatusInterval;
  while (true) {
    const absl::Status health = options_.healthy ? options_.healthy() : absl::OkStatus();
    if (health.ok() && watchdog > absl::ZeroDuration()) Send("WATCHDOG=1");
    if (health.ok() != health_.ok()) {
      LogWarning("health of the service", {{"is", health}});
      health_ = health;
    }
    std::string status = !health.ok()      ? health.ToString()
                         : options_.status ? options_.status()
                                           : "";
    if (status != said_) {
      // One line each.
      Send(absl::StrCat("STATUS=", absl::StrReplaceAll(status, {{"\n", " "}})));
      said_ = std::move(status);
    }
    MutexLock lock(&mu_);
    if (options_.clock->Await(&mu_, &stop_cv_, options_.clock->Monotonic() + interval,
                              [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stop_; })) {
      return;
    }
  }
}

void ServiceManager::Send(absl::string_view message) const {
  const std::string& name = options_.environment.notify_socket;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, name.data(), name.size());
  // An abstract name begins with a zero byte.
  if (name[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  (void)sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace paceline
