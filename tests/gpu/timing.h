// Times of work on a stream, by CUDA's events.
//
// Owned by one thread.
#ifndef PACELINE_TESTS_GPU_TIMING_H_
#define PACELINE_TESTS_GPU_TIMING_H_

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>

namespace paceline::gpu::testing {

// Seconds of several repeats, after three that do not count.
struct Times {
  int repeats = 0;
  double median = 0;
  // The tenth and the ninetieth percentile.
  double low = 0;
  double high = 0;
};

class Timer {
 public:
  // `flush_bytes`: written before each repeat where the caches are to be cold; twice the
  // L2 cache, or more.
  Timer(cudaStream_t stream, int repeats, size_t flush_bytes);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  // `work` puts its calls on the stream. The stream is kept busy before the first event:
  // what the CPU needs for a launch is not in the time.
  Times Time(const std::function<void()>& work, bool cold);

 private:
  const cudaStream_t stream_;
  const int repeats_;
  const size_t flush_bytes_;
  void* flush_ = nullptr;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

}  // namespace paceline::gpu::testing

#endif  // PACELINE_TESTS_GPU_TIMING_H_
