// A file descriptor that is closed when its owner goes.
//
// Movable. Thread-compatible.
#ifndef PACELINE_COMMON_SHARED_MEMORY_UNIQUE_FD_H_
#define PACELINE_COMMON_SHARED_MEMORY_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace paceline {

class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes `fd`, or nothing if it is negative.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { Reset(); }

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  void Reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_SHARED_MEMORY_UNIQUE_FD_H_
