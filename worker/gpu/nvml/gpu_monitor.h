// Facts about a worker's GPUs as last read, for heartbeats, status and metrics: whoever
// asks is answered at once, whatever the driver does.
//
//   GpuMonitor monitor({.clock = &clock, .gpus = found.gpus});
//   for (v1::GpuStatus& gpu : monitor.Status()) ...
//
// Owns a thread that reads, and may block in the driver for ever: then the last facts stand
// until they are too old to be true, and the thread is left behind when the monitor goes.
// Thread-safe.
#ifndef PACELINE_WORKER_GPU_NVML_GPU_MONITOR_H_
#define PACELINE_WORKER_GPU_NVML_GPU_MONITOR_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "common/clock.h"
#include "proto/cluster.pb.h"
#include "worker/gpu/find_gpus.h"

namespace paceline::gpu {

class GpuMonitor {
 public:
  struct Options {
    // Outlives the monitor, and should its thread be left behind, that.
    Clock* clock = nullptr;
    // None: nothing is loaded and no thread started.
    std::vector<GpuDescription> gpus;
    std::string library = "libnvidia-ml.so.1";
    // Facts are read anew when they are asked for and older than that.
    absl::Duration read_every = absl::Seconds(1);
    // Facts older than that are not shown.
    absl::Duration stale_after = absl::Seconds(30);
    // How long the end waits for a call that is with the driver.
    absl::Duration patience = absl::Seconds(1);
  };

  // Reads for the first time, on its thread.
  explicit GpuMonitor(Options options);
  ~GpuMonitor();
  GpuMonitor(const GpuMonitor&) = delete;
  GpuMonitor& operator=(const GpuMonitor&) = delete;

  // All GPUs in the order of Options; `monitored` and what follows from it as last read.
  std::vector<v1::GpuStatus> Status() const;

 private:
  struct Shared;
  static void Run(const std::shared_ptr<Shared>& shared);

  // Also the thread's, which may outlive the monitor.
  const std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_NVML_GPU_MONITOR_H_
