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

// The largest of some logits, and the sum of exp(logit - largest) over the others: one
// pass gives both, and what a sure sample has beside its 1 is not lost in it. Infinite
// and NaN logits end in a NaN, as subtracting the largest first would.
struct Exponentials {
  float largest;
  float rest;

  __device__ Exponentials Exchanged(int apart) const {
    return {gpu::Exchanged(largest, apart), gpu::Exchanged(rest, apart)};
  }

  __device__ void Take(float logit) {
    const bool higher = logit > largest;
    const float e = expf(higher ? largest - logit : logit - largest);
    if (higher) {
      rest = (rest + 1.0f) * e;
      largest = logit;
    } else if (logit != -INFINITY) {
      // -infinity adds nothing, also to a sum of nothing else.
      rest += e;
    }
  }
};

struct Merge {
  __device__ Exponentials operator()(Exponentials a, Exponentials b) const {
    if (a.largest == b.largest) {
      return {a.largest, a.rest + b.rest + (a.largest == -INFINITY ? 0.0f : 1.0f)};
    }
    const Exponentials high = a.largest > b.largest ? a : b;
    const Exponentials low = a.largest > b.largest ? b : a;
    return {high.largest, high.rest + (low.rest + 1.0f) * expf(low.largest - high.largest)};
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
    const Pack<W> pack = LoadPack<W>(logits + c);
    PL_UNROLL
    for (int w = 0; w < W; ++w) part.Take(pack.v[w]);
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
  const float rest = whole.largest == INFINITY ? NAN : whole.rest;
  const float sum = 1.0f + rest;
  for (uint64_t c = uint64_t{self} * W; c < a.classes; c += uint64_t{team} * W) {
    const uint64_t index = row * a.classes + c;
    Pack<W> pack = LoadPack<W>(a.scores + index);
    Pack<W> gradient;
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      const float logit = pack.v[w];
      const float behind = whole.largest - logit;
      pack.v[w] = expf(-behind) / sum;
      float difference = pack.v[w];
      if (valid && c + w == target) {
        const double distance = double{whole.largest} - logit;
        a.losses[row] = static_cast<float>(distance + log1p(double{rest}));
        // p - 1, also where p is nearly 1.
        difference = behind == 0 ? -rest / sum : pack.v[w] - 1.0f;
      }
      gradient.v[w] = a.scale * difference;
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
