// Bytes of replies that wait for their clients to take them: slow clients must not make a
// server hold on to every state of the weights that it has ever sent.
//
// Thread-safe.
#ifndef PACELINE_SERVER_IO_REPLY_LIMIT_H_
#define PACELINE_SERVER_IO_REPLY_LIMIT_H_

#include <atomic>
#include <cstdint>

namespace paceline::server {

class ReplyLimit {
 public:
  explicit ReplyLimit(uint64_t most) : most_(most) {}

  // False: there is no room for `bytes` more. A single reply always has room.
  bool Take(uint64_t bytes) {
    const uint64_t before = held_.fetch_add(bytes);
    if (before == 0 || before + bytes <= most_) return true;
    held_ -= bytes;
    return false;
  }
  void Return(uint64_t bytes) { held_ -= bytes; }

  uint64_t held() const { return held_; }

 private:
  const uint64_t most_;
  std::atomic<uint64_t> held_{0};
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_REPLY_LIMIT_H_
