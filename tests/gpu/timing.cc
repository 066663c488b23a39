#include "tests/gpu/timing.h"

#include <algorithm>
#include <vector>

#include "tests/gpu/device_memory.h"

namespace paceline::gpu::testing {
namespace {

constexpr int kWarmUps = 3;

double Percentile(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5)];
}

}  // namespace

Timer::Timer(cudaStream_t stream, int repeats, size_t flush_bytes)
    : stream_(stream), repeats_(repeats), flush_bytes_(flush_bytes) {
  Require(cudaMalloc(&flush_, flush_bytes_), "cudaMalloc");
  Require(cudaEventCreate(&begin_), "cudaEventCreate");
  Require(cudaEventCreate(&end_), "cudaEventCreate");
}

Timer::~Timer() {
  (void)cudaEventDestroy(begin_);
  (void)cudaEventDestroy(end_);
  (void)cudaFree(flush_);
}

Times Timer::Time(const std::function<void()>& work, bool cold) {
  std::vector<double> seconds;
  for (int i = 0; i < kWarmUps + repeats_; ++i) {
    // Also of a warm repeat: the stream is busy while the CPU puts the work on it.
    Require(cudaMemsetAsync(flush_, i, flush_bytes_, stream_), "cudaMemsetAsync");
    if (!cold) work();
    Require(cudaEventRecord(begin_, stream_), "cudaEventRecord");
    work();
    Require(cudaEventRecord(end_, stream_), "cudaEventRecord");
    Require(cudaEventSynchronize(end_), "cudaEventSynchronize");
    float milliseconds = 0;
    Require(cudaEventElapsedTime(&milliseconds, begin_, end_), "cudaEventElapsedTime");
    if (i >= kWarmUps) seconds.push_back(milliseconds * 1e-3);
  }
  std::sort(seconds.begin(), seconds.end());
  return {repeats_, Percentile(seconds, 0.5), Percentile(seconds, 0.1), Percentile(seconds, 0.9)};
}

}  // namespace paceline::gpu::testing
