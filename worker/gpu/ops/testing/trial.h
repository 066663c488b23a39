// One run of a test case: draws inputs, holds its buffers, compares, and keeps what came
// out, for the comparison with the next run.
//
//   const std::vector<float> x = trial.Uniform(count, -1, 1);
//   const float* device_x = trial.Input(x);
//   float* sums = trial.Output<float>(m);
//   trial.Launch(ColumnSums(n, m, device_x, 1, sums, trial.stream()));
//   trial.Near("sums", trial.Read(sums, m), reference::ColumnSums(n, m, x, 1));
//
// Owned by one thread.
#ifndef PACELINE_WORKER_GPU_OPS_TESTING_TRIAL_H_
#define PACELINE_WORKER_GPU_OPS_TESTING_TRIAL_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "worker/gpu/ops/launch.h"
#include "worker/gpu/ops/testing/memory.h"

namespace paceline::gpu::testing {

// |got - want| / |want| over all values, in the Euclidean norm.
constexpr double kFloat32Tolerance = 1e-5;

class Trial {
 public:
  // Draws the same inputs for the same seed.
  Trial(Memory& memory, uint64_t seed) : memory_(memory), random_(seed) {}

  // In [low, high).
  float Uniform(float low, float high);
  std::vector<float> Uniform(size_t count, float low, float high);
  // Values whose sums of `terms`, and of as many products, are not small by chance: their
  // errors would look large.
  std::vector<float> Summands(size_t count, uint64_t terms);
  // In [0, bound).
  uint64_t Below(uint64_t bound);

  // Buffers start `shift` values behind a multiple of 256 bytes.
  template <typename T>
  T* Input(const std::vector<T>& values, size_t shift = 0) {
    T* at = Output<T>(values.size(), shift);
    memory_.Upload(at, values.data(), values.size() * sizeof(T));
    return at;
  }
  // Will be written whole.
  template <typename T>
  T* Output(size_t count, size_t shift = 0) {
    return static_cast<T*>(memory_.Allocate((count + shift) * sizeof(T))) + shift;
  }

  // Bytes 0xff: what is not written stays so.
  template <typename T>
  T* Poisoned(size_t count, size_t shift = 0) {
    std::vector<T> values(count);
    if (count > 0) std::memset(values.data(), 0xff, count * sizeof(T));
    return Input(values, shift);
  }

  StreamHandle stream() { return memory_.stream(); }

  // Waits for what was launched; a failure ends as one of the trial.
  void Launch(const Launched& launched);

  // A result; it counts in Outputs.
  template <typename T>
  std::vector<T> Read(const T* at, size_t count) {
    std::vector<T> values(count);
    memory_.Download(values.data(), at, count * sizeof(T));
    const char* bytes = reinterpret_cast<const char*>(values.data());
    outputs_.emplace_back(bytes, bytes + count * sizeof(T));
    return values;
  }

  // NaNs and infinities have to be the same, value by value; the rest in the norm.
  void Near(const std::string& what, const std::vector<float>& got, const std::vector<double>& want,
            double tolerance = kFloat32Tolerance);

  template <typename T>
  void Equal(const std::string& what, const std::vector<T>& got, const std::vector<T>& want) {
    for (size_t i = 0; i < want.size(); ++i) {
      if (got[i] == want[i]) continue;
      Fail(what + "[" + std::to_string(i) + "]: expected " + std::to_string(want[i]) + ", got " +
           std::to_string(got[i]));
      return;
    }
  }

  void Fail(const std::string& what) { failures_.push_back(what); }

  const std::vector<std::string>& failures() const { return failures_; }
  // The bytes of what was read, in its order.
  const std::vector<std::string>& outputs() const { return outputs_; }
  // The largest relative error so far.
  double error() const { return error_; }

 private:
  Memory& memory_;
  std::mt19937_64 random_;
  std::vector<std::string> failures_;
  std::vector<std::string> outputs_;
  double error_ = 0;
};

}  // namespace paceline::gpu::testing

#endif  // PACELINE_WORKER_GPU_OPS_TESTING_TRIAL_H_
