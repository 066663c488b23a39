// Counts connections whose descriptors somebody else closes, at whatever time, without
// being told: a descriptor is still the same connection while its inode is the same.
//
//   OpenConnections connections(/*limit=*/768);
//   if (connections.HasRoom()) connections.Add(fd);
//
// Add takes one system call. HasRoom takes none while there is room, and else looks
// at up to kMostLooks of the oldest-looked-at: where there are more, a slot that has
// become free may be found some calls later.
//
// Thread-compatible.
#ifndef PACELINE_COMMON_NET_OPEN_CONNECTIONS_H_
#define PACELINE_COMMON_NET_OPEN_CONNECTIONS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace paceline {

class OpenConnections {
 public:
  static constexpr std::size_t kMostLooks = 4096;

  explicit OpenConnections(uint64_t limit) : limit_(limit) {}

  // For one more, beside `kept` that nobody has yet.
  bool HasRoom(uint64_t kept = 0);
  // Of a socket that has just been opened.
  void Add(int fd);
  // Looks at all of them.
  uint64_t Count();

  uint64_t limit() const { return limit_; }

 private:
  // Forgets what has been closed among the next `looks` descriptors.
  void Sweep(std::size_t looks);

  const uint64_t limit_;
  // By descriptor; 0: none.
  std::vector<ino_t> inodes_;
  // Of `inodes_` that are not 0.
  uint64_t known_ = 0;
  std::size_t next_ = 0;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_NET_OPEN_CONNECTIONS_H_
