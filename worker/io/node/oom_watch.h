// Whether the kernel has killed something of this worker for want of memory.
#ifndef PACELINE_WORKER_IO_NODE_OOM_WATCH_H_
#define PACELINE_WORKER_IO_NODE_OOM_WATCH_H_

#include <cstdint>
#include <string>

namespace paceline::worker {

// Counts the kills by the kernel in this process's control group (version 2:
// memory.events; version 1: memory.oom_control), in which its children live too.
// Without such a file it counts none.
//
// Thread-compatible.
class OomWatch {
 public:
  // Finds the file of this process.
  OomWatch();
  // Reads from this file: for tests.
  explicit OomWatch(std::string path);

  // Kills since the group began; 0 if nobody counts.
  uint64_t Kills() const;

 private:
  std::string path_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_OOM_WATCH_H_
