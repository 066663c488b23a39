// A libnvidia-ml.so.1 that says what a test wants. The test finds it in the library that
// it has loaded: dlsym(library, "fake_nvml").
#ifndef PACELINE_WORKER_GPU_NVML_FAKE_NVML_H_
#define PACELINE_WORKER_GPU_NVML_FAKE_NVML_H_

#include <atomic>

namespace paceline::gpu {

struct FakeNvml {
  // Return codes; 0: success.
  std::atomic<int> init{0};
  std::atomic<int> handle{0};
  std::atomic<int> memory{0};
  std::atomic<int> utilization{0};
  std::atomic<int> temperature{0};
  std::atomic<int> ecc{0};
  std::atomic<unsigned long long> used{0};
  std::atomic<unsigned> celsius{0};
  // Whether reads of memory hang, and whether one does.
  std::atomic<bool> hang{false};
  std::atomic<bool> hangs{false};
  // Calls so far.
  std::atomic<int> inits{0};
  std::atomic<int> shutdowns{0};
  std::atomic<int> reads{0};
};

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_NVML_FAKE_NVML_H_
