#include "common/daemon/descriptors.h"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>

namespace paceline {

uint64_t RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = raised.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

uint64_t DescriptorLimit() {
  rlimit limit = {};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

uint64_t OpenDescriptors() {
  DIR* const dir = opendir("/proc/self/fd");
  if (dir == nullptr) return 0;
  uint64_t entries = 0;
  while (readdir(dir) != nullptr) ++entries;
  closedir(dir);
  // ".", "..", and the folder itself.
  return entries - std::min<uint64_t>(entries, 3);
}

ConnectionShares ConnectionLimits(uint64_t descriptor_limit) {
  return {.grpc = std::max<uint64_t>(8, descriptor_limit / 4 * 3),
          .http = std::clamp<uint64_t>(descriptor_limit / 16, 8, 64)};
}

}  // namespace paceline
