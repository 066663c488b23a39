#include <cmath>

#include "worker/gpu/ops/block_reduce.cuh"
#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/pack.cuh"
#include "worker/gpu/ops/softmax_cross_entropy.h"

namespace paceline::gpu {
namespace {

// Rows up to this width belong to (a part of) a warp, wider ones to a block.
constexpr uint32_t kWarpClasses = 1024;
// Threads of a block that has a row to itself.
constexpr uint32_t kRowThreads = 512;

// The largest of some logits, and the sum of exp(logit - largest): one pass gives both.
// Infinite and NaN logits end in a NaN sum, as subtracting the largest first would.
struct Exponentials {
  float largest;
  float sum;

  __device__ Exponentials Exchanged(int apart) const {
    return {gpu::Exchanged(largest, apart), gpu::Exchanged(sum, apart)};
  }

  template <int W>
  __device__ void Take(const Pack<W>& logits) {
    float top = largest;
    PL_UNROLL
    for (int w = 0; w < W; ++w) top = logits.v[w] > top ? logits.v[w] : top;
    if (top > largest) sum *= expf(largest - top);
    largest = top;
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      // -infinity adds nothing, also to a sum that holds nothing else.
      if (logits.v[w] != -INFINITY) sum += expf(logits.v[w] - top);
    }
  }
};

struct Merge {
  __device__ Exponentials operator()(Exponentials a, Exponentials b) const {
    if (a.largest == b.largest) return {a.largest, a.sum + b.sum};
    const Exponentials high = a.largest > b.largest ? a : b;
    const Exponentials low = a.largest > b.largest ? b : a;
    return {high.largest, high.sum + low.sum * expf(low.largest - high.largest)};
  }
};

struct SoftmaxArguments {
  uint64_t n;
  uint32_t classes;
  const float* labels;
  float scale;
  float* scores;
  float* losses;
  float* gradient;
  HalfOut half;
};

// The part of a row that thread `self` of its `team` takes.
template <int W>
__device__ inline Exponentials TakeLogits(const SoftmaxArguments& a, uint64_t row, uint32_t self,
                                          uint32_t team) {
  Exponentials part{-INFINITY, 0.0f};
  const float* logits = a.scores + row * a.classes;
  for (uint64_t c = uint64_t{self} * W; c < a.classes; c += uint64_t{team} * W) {
    part.Take(LoadPack<W>(logits + c));
  }
  return part;
}

// Writes the same part. The thread that comes across the class has its logit at hand;
// the others may overwrite theirs meanwhile.
template <int W>
__device__ inline void WriteScores(const SoftmaxArguments& a, uint64_t row, uint32_t self,
                                   uint32_t team, Exponentials whole) {
  const float label = a.labels[row];
  const bool valid = label >= 0 && label < static_cast<float>(a.classes);
  const uint32_t target = valid ? static_cast<uint32_t>(label) : 0;
  if (!valid && self == 0) a.losses[row] = NAN;
  // A row that has +infinity: exp(infinity - infinity).
  const float sum = whole.largest == INFINITY ? NAN : whole.sum;
  for (uint64_t c = uint64_t{self} * W; c < a.classes; c += uint64_t{team} * W) {
    const uint64_t index = row * a.classes + c;
    Pack<W> pack = LoadPack<W>(a.scores + index);
    Pack<W> gradient;
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      const bool is_class = valid && c + w == target;
      if (is_class) {
        const double loss = double{whole.largest} + log(double{sum}) - double{pack.v[w]};
        // Rounding may leave a sure sample a little below zero.
        a.losses[row] = static_cast<float>(loss < 0 ? 0 : loss);
      }
      pack.v[w] = expf(pack.v[w] - whole.largest) / sum;
      gradient.v[w] = a.scale * (pack.v[w] - (is_class ? 1.0f : 0.0f));
    }
    StorePack(a.scores + index, pack);
    if (a.gradient != nullptr) StorePack(a.gradient + index, gradient);
    StoreHalf(a.half, index, gradient);
  }
}

// `team` (a power of two up to 32) neighbouring lanes have a row.
template <int W>
__global__ void __launch_bounds__(kThreads) SoftmaxWarpKernel(SoftmaxArguments a, uint32_t team) {
  const uint32_t rows = blockDim.x / team;
  const uint32_t self = threadIdx.x % team;
  // All lanes of a warp go round equally often: they meet in the reduction.
  for (uint64_t first = uint64_t{blockIdx.x} * rows; first < a.n;
       first += uint64_t{gridDim.x} * rows) {
    const uint64_t row = first + threadIdx.x / team;
    Exponentials part{-INFINITY, 0.0f};
    if (row < a.n) part = TakeLogits<W>(a, row, self, team);
    part = WarpReduce(part, team, Merge());
    if (row < a.n) WriteScores<W>(a, row, self, team, part);
  }
}

template <int W>
__global__ void __launch_bounds__(kRowThreads) SoftmaxBlockKernel(SoftmaxArguments a) {
  for (uint64_t row = blockIdx.x; row < a.n; row += gridDim.x) {
    Exponentials part = TakeLogits<W>(a, row, threadIdx.x, blockDim.x);
    part = BlockReduce(part, Exponentials{-INFINITY, 0.0f}, Merge());
    WriteScores<W>(a, row, threadIdx.x, blockDim.x, part);
  }
}

template <int W>
Launched Run(const SoftmaxArguments& a, StreamHandle stream) {
  const char* call = "SoftmaxCrossEntropy: cudaLaunchKernel";
  if (a.classes > kWarpClasses) {
    return Launch(call, SoftmaxBlockKernel<W>, BlocksFor(a.n, 1), kRowThreads, stream, a);
  }
  const uint32_t team = PowerOfTwo((a.classes + W - 1) / W, kWarp);
  return Launch(call, SoftmaxWarpKernel<W>, BlocksFor(a.n, kThreads / team), kThreads, stream, a,
                team);
}

}  // namespace

Launched SoftmaxCrossEntropy(uint64_t n, uint32_t classes, const float* labels, float scale,
                             float* scores, float* losses, float* gradient, HalfOut half,
                             StreamHandle stream) {
  if (n == 0 || classes == 0) return {};
  const SoftmaxArguments a{n, classes, labels, scale, scores, losses, gradient, half};
  const bool packed =
      classes % 4 == 0 && TakesPacks(scores) && TakesPacks(gradient) && TakesPacks(half);
  return packed ? Run<4>(a, stream) : Run<1>(a, stream);
}

}  // namespace paceline::gpu
