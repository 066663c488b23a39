#include "tests/bench/raw_tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "absl/time/clock.h"
#include "common/check.h"

namespace paceline::bench {
namespace {

// As much as one call takes.
constexpr size_t kChunk = 256 << 10;

int NewSocket(const std::string& congestion) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PL_CHECK_GE(fd, 0);
  const int on = 1;
  PL_CHECK_EQ(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
  if (!congestion.empty()) {
    PL_CHECK_EQ(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion.data(),
                           static_cast<socklen_t>(congestion.size())),
                0)
        << congestion;
  }
  return fd;
}

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

void Receive(const RawTcpOptions& options, Role* role) {
  const int listener = NewSocket(options.congestion);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  PL_CHECK_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  PL_CHECK_EQ(listen(listener, 1), 0);
  PL_CHECK_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  role->SetPort(ntohs(address.sin_port));
  const int fd = accept(listener, nullptr, nullptr);
  PL_CHECK_GE(fd, 0);
  role->AwaitGo();
  std::vector<char> buffer(kChunk);
  uint64_t left = options.message_bytes;
  for (;;) {
    const ssize_t got = recv(fd, buffer.data(), std::min<uint64_t>(left, buffer.size()), 0);
    if (got <= 0) break;
    left -= static_cast<uint64_t>(got);
    if (left > 0) continue;
    left = options.message_bytes;
    if (send(fd, buffer.data(), 1, MSG_NOSIGNAL) != 1) break;
  }
  role->Finish();
}

void Send(const RawTcpOptions& options, int receiver, Role* role) {
  const int fd = NewSocket(options.congestion);
  sockaddr_in address = Loopback(role->PortOf(receiver));
  PL_CHECK_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::vector<char> message(options.message_bytes, 'x');
  std::deque<absl::Time> sent;
  role->AwaitGo();
  while (!role->stopped()) {
    sent.push_back(absl::Now());
    uint64_t done = 0;
    while (done < message.size()) {
      const ssize_t wrote = send(fd, message.data() + done, message.size() - done, MSG_NOSIGNAL);
      PL_CHECK_GT(wrote, 0);
      done += static_cast<uint64_t>(wrote);
    }
    while (sent.size() >= static_cast<size_t>(options.outstanding)) {
      char answers[64];
      const ssize_t got = recv(fd, answers, sizeof answers, 0);
      PL_CHECK_GT(got, 0);
      for (ssize_t i = 0; i < got; ++i) {
        if (!role->stopped()) role->Count(message.size(), absl::Now() - sent.front());
        sent.pop_front();
      }
    }
  }
  close(fd);
  role->Finish();
}

}  // namespace

RunTotals RunRawTcp(const RawTcpOptions& options) {
  RoleProcesses roles(2 * options.pairs);
  for (int pair = 0; pair < options.pairs; ++pair) {
    roles.Start(2 * pair, [&](Role* role) { Receive(options, role); });
    roles.Start(2 * pair + 1, [&](Role* role) { Send(options, 2 * pair, role); });
  }
  roles.AwaitReady();
  return roles.Run(options.time);
}

}  // namespace paceline::bench
