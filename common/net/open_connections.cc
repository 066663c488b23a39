#include "common/net/open_connections.h"

#include <sys/stat.h>

#include <algorithm>

namespace paceline {
namespace {

// 0: the descriptor is no open socket.
ino_t InodeOf(std::size_t fd) {
  struct stat file = {};
  return fstat(static_cast<int>(fd), &file) == 0 && S_ISSOCK(file.st_mode) ? file.st_ino : 0;
}

}  // namespace

bool OpenConnections::HasRoom(uint64_t kept) {
  if (known_ + kept >= limit_) Sweep(std::min(kMostLooks, inodes_.size()));
  return known_ + kept < limit_;
}

void OpenConnections::Add(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  // The system gives the lowest number that is free.
  if (at >= inodes_.size()) inodes_.resize(at + 1);
  // Whoever had the number before is gone.
  if (inodes_[at] != 0) --known_;
  inodes_[at] = InodeOf(at);
  if (inodes_[at] != 0) ++known_;
}

uint64_t OpenConnections::Count() {
  Sweep(inodes_.size());
  return known_;
}

void OpenConnections::Sweep(std::size_t looks) {
  for (; looks > 0; --looks) {
    next_ = next_ + 1 < inodes_.size() ? next_ + 1 : 0;
    ino_t& inode = inodes_[next_];
    if (inode == 0 || InodeOf(next_) == inode) continue;
    inode = 0;
    --known_;
  }
}

}  // namespace paceline
