#include "worker/io/node/oom_watch.h"

#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace paceline::worker {
namespace {

// /proc/self/cgroup has lines "0::/path" (version 2) and "N:memory:/path" (version 1).
std::string FindFile() {
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    for (const std::string& path :
         parts[1].empty()
             ? std::vector<std::string>{absl::StrCat("/sys/fs/cgroup", parts[2], "/memory.events"),
                                        "/sys/fs/cgroup/memory.events"}
         : parts[1] == "memory"
             ? std::vector<std::string>{absl::StrCat("/sys/fs/cgroup/memory", parts[2],
                                                     "/memory.oom_control"),
                                        "/sys/fs/cgroup/memory/memory.oom_control"}
             : std::vector<std::string>{}) {
      if (std::ifstream(path).good()) return path;
    }
  }
  return "";
}

}  // namespace

OomWatch::OomWatch() : path_(FindFile()) {}
OomWatch::OomWatch(std::string path) : path_(std::move(path)) {}

uint64_t OomWatch::Kills() const {
  std::ifstream file(path_);
  std::string name;
  uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "oom_kill") return value;
  }
  return 0;
}

}  // namespace paceline::worker
