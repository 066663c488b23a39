// What all operators of the device share: where they run and what a launch says.
//
// An operator is a launcher: it puts kernels on a stream and returns at once. It takes
// device pointers, row-major and dense; float32 unless it says otherwise. Pointers
// need the alignment of their type only; those that are multiples of 16 bytes, in rows
// whose width is a multiple of 4, are read and written four values at a time. Buffers
// of one call do not overlap unless the operator says that they may. A size of zero
// launches nothing; pointers may then be null. What an operator does not name stays as
// it is.
//
// Deterministic operators give the same bytes for the same inputs and sizes, run after
// run, on every GPU of a kind: their order of additions depends on the sizes (and on
// the alignment) alone.
//
// Needs neither CUDA's headers nor anything but the standard library: the kernels behind
// it come from nvcc (ops:ops_cuda) or, for tests, from the emulator of worker/gpu/fake.
#ifndef PACELINE_WORKER_GPU_OPS_LAUNCH_H_
#define PACELINE_WORKER_GPU_OPS_LAUNCH_H_

namespace paceline::gpu {

// A stream of a GPU (cudaStream_t), or of the fake one (fake::WorkQueue*; null: at once).
using StreamHandle = void*;

// What a launcher says: which call failed and why; both null: nothing did. The texts
// are static. Faults of a kernel itself come out where the stream is waited for.
struct [[nodiscard]] Launched {
  const char* call = nullptr;
  const char* error = nullptr;

  bool ok() const { return error == nullptr; }
};

enum class HalfType { kNone, kBf16, kFp16 };

// Where a result is also written, rounded to nearest even: 2 bytes a value, as many
// values as the result has. A NaN stays one; fp16 beyond 65504 becomes infinite.
struct HalfOut {
  HalfType type = HalfType::kNone;
  void* data = nullptr;
};

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_LAUNCH_H_
