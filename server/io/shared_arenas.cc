#include "server/io/shared_arenas.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/refusal/refusal.h"
#include "common/shared_memory/memory_socket.h"
#include "common/status/status_macros.h"

namespace paceline::server {
namespace {

constexpr int kBacklog = 128;
// Between tries to accept a connection that there was no descriptor for.
constexpr int kRetryMs = 1000;
// Before the clients' in the list that is polled.
constexpr size_t kWake = 0;
constexpr size_t kListener = 1;
constexpr size_t kFirstClient = 2;

uint64_t NewNumber() {
  std::random_device random;
  return uint64_t{random()} << 32 | random() | 1;
}

}  // namespace

SharedArenas::SharedArenas() {
  const absl::Status listening = Listen();
  if (!listening.ok()) {
    name_.clear();
    LogWarning("no shared memory for clients on this host", {{"error", listening.message()}});
    return;
  }
  thread_ = std::thread([this] { Serve(); });
}

SharedArenas::~SharedArenas() {
  if (!thread_.joinable()) return;
  wake_write_.Reset();
  thread_.join();
}

absl::Status SharedArenas::Listen() {
  int wake[2];
  if (pipe2(wake, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  wake_read_ = UniqueFd(wake[0]);
  wake_write_ = UniqueFd(wake[1]);
  name_ = NewMemorySocketName();
  PL_ASSIGN_OR_RETURN(listener_, ListenForMemory(name_, kBacklog));
  return absl::OkStatus();
}

void SharedArenas::Serve() {
  std::vector<pollfd> polled;
  for (;;) {
    // Full: they wait in the backlog.
    const bool accepts = clients_.size() < kMostArenas && !out_of_descriptors_;
    polled.assign({{.fd = wake_read_.get(), .events = POLLIN, .revents = 0},
                   {.fd = accepts ? listener_.get() : -1, .events = POLLIN, .revents = 0}});
    for (const Client& client : clients_) {
      polled.push_back({.fd = client.socket.get(), .events = POLLIN, .revents = 0});
    }
    // Descriptors come back without a word.
    if (poll(polled.data(), polled.size(), out_of_descriptors_ ? kRetryMs : -1) < 0) continue;
    out_of_descriptors_ = false;
    if (polled[kWake].revents != 0) return;
    for (size_t i = clients_.size(); i-- > 0;) {
      if (polled[kFirstClient + i].revents == 0 || Receive(&clients_[i])) continue;
      {
        MutexLock lock(&mu_);
        arenas_.erase(clients_[i].arena);
      }
      std::swap(clients_[i], clients_.back());
      clients_.pop_back();
    }
    if (polled[kListener].revents != 0) Accept();
  }
}

void SharedArenas::Accept() {
  absl::StatusOr<UniqueFd> socket = AcceptForMemory(listener_.get());
  if (socket.ok()) {
    clients_.push_back({.socket = *std::move(socket), .arena = 0});
  } else if (absl::IsResourceExhausted(socket.status())) {
    LogWarning("shared memory waits", {{"error", socket.status().message()}});
    out_of_descriptors_ = true;
  }
}

bool SharedArenas::Receive(Client* client) {
  absl::StatusOr<UniqueFd> fd = ReceiveMemory(client->socket.get());
  // One arena a connection: whatever else comes ends it.
  if (!fd.ok() || client->arena != 0) return false;
  absl::StatusOr<std::shared_ptr<SharedMemory>> memory =
      SharedMemory::Adopt(*std::move(fd), kMostBytes);
  if (!memory.ok()) {
    LogWarning("shared memory refused", {{"error", memory.status().message()}});
    return false;
  }
  {
    MutexLock lock(&mu_);
    do client->arena = NewNumber();
    while (!arenas_.try_emplace(client->arena, *memory).second);
  }
  return SendNumber(client->socket.get(), client->arena).ok();
}

absl::StatusOr<std::vector<SharedArenas::Part>> SharedArenas::Find(const Spans& spans) const {
  std::vector<Part> parts;
  parts.reserve(static_cast<size_t>(spans.size()));
  MutexLock lock(&mu_);
  for (const v1::SharedSpan& span : spans) {
    const auto found = arenas_.find(span.arena());
    if (found == arenas_.end()) {
      return absl::UnavailableError("the shared memory is not held here");
    }
    const std::shared_ptr<SharedMemory>& memory = found->second;
    if (span.offset() > memory->size() || span.size() > memory->size() - span.offset()) {
      v1::Refusal refusal;
      refusal.set_kind(v1::Refusal::INVALID);
      return RefusalStatus(
          refusal, absl::StrCat("shared memory: at most ", memory->size(), " bytes expected, got ",
                                span.size(), " from ", span.offset(), " on"));
    }
    parts.push_back({.memory = memory, .bytes = {memory->data() + span.offset(), span.size()}});
  }
  return parts;
}

absl::StatusOr<Payload> SharedArenas::Read(const Spans& spans) const {
  PL_ASSIGN_OR_RETURN(std::vector<Part> parts, Find(spans));
  Payload payload;
  for (Part& part : parts) {
    payload.Append(Piece{.owner = std::move(part.memory), .bytes = part.bytes, .borrowed = true});
  }
  return payload;
}

absl::StatusOr<bool> SharedArenas::Write(const Spans& spans, const Payload& payload) const {
  PL_ASSIGN_OR_RETURN(const std::vector<Part> parts, Find(spans));
  uint64_t room = 0;
  for (const Part& part : parts) room += part.bytes.size();
  if (payload.size() > room) return false;
  size_t written = 0;
  for (const Part& part : parts) {
    const size_t size = std::min(part.bytes.size(), payload.size() - written);
    payload.Slice(written, size).CopyTo(part.bytes.data());
    written += size;
  }
  return true;
}

size_t SharedArenas::arenas() const {
  MutexLock lock(&mu_);
  return arenas_.size();
}

}  // namespace paceline::server
