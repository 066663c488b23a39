// Devices that pass for GPUs and compute like the processor, for tests of what is around
// them.
//
//   FakeGpus gpus;
//   options.create_device = gpus.factory();
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_TASK_FAKE_GPUS_H_
#define PACELINE_WORKER_IO_TASK_FAKE_GPUS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "common/sync.h"
#include "worker/io/task/device_factory.h"

namespace paceline::worker {

class FakeGpus {
 public:
  // Makes fake GPUs where cuda is asked for, else what CreateHostDevice does. Outlived by this.
  DeviceFactory factory();

  // From now on runners cannot be made, or fail in their third gradient.
  void FailRunners(const absl::Status& status);
  void FailGradients(const absl::Status& status);

  // Ordinals that were in use at some time, and the most devices on one at a time.
  std::set<uint32_t> used() const;
  int most_on_one() const;
  // Devices made.
  int made() const;

 private:
  class Gpu;
  class FailingRunner;

  mutable Mutex mu_;
  absl::Status runners_ ABSL_GUARDED_BY(mu_);
  absl::Status gradients_ ABSL_GUARDED_BY(mu_);
  std::map<uint32_t, int> on_ ABSL_GUARDED_BY(mu_);
  int most_ ABSL_GUARDED_BY(mu_) = 0;
  int made_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_FAKE_GPUS_H_
