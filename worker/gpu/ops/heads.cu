#include <cmath>

#include "worker/gpu/ops/for_each_pack.cuh"
#include "worker/gpu/ops/heads.h"
#include "worker/gpu/ops/row_column.cuh"

namespace paceline::gpu {
namespace {

__global__ void __launch_bounds__(kThreads)
    RotaryTableKernel(uint64_t length, uint64_t pairs, float* cosines, float* sines) {
  const uint64_t step = uint64_t{gridDim.x} * blockDim.x;
  for (uint64_t i = uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < length * pairs;
       i += step) {
    const RowColumn at = Locate(i, pairs);
    const double exponent = -static_cast<double>(at.column) / static_cast<double>(pairs);
    const double angle = static_cast<double>(at.row) * pow(10000.0, exponent);
    cosines[i] = static_cast<float>(cos(angle));
    sines[i] = static_cast<float>(sin(angle));
  }
}

// Goes over the heads' side, whose values lie one after the other.
template <bool kMerge>
struct HeadsOp {
  HeadsShape shape;
  HeadsColumns columns;
  Rotation rotation;
  const float* from;
  float* to;
  HalfOut half;

  // W neighbouring values of one head's row, turned, where both sides of a pair lie at `at`
  // and `pairs` away.
  template <int W>
  __device__ Pack<W> Turned(const float* at, uint64_t t, uint64_t column) const {
    Pack<W> value = LoadPack<W>(at);
    if (rotation.cosines == nullptr) return value;
    const uint64_t pairs = shape.head_width / 2;
    const bool is_first = column < pairs;
    const Pack<W> other = LoadPack<W>(is_first ? at + pairs : at - pairs);
    const uint64_t angle = t * pairs + (is_first ? column : column - pairs);
    const Pack<W> cosine = LoadPack<W>(rotation.cosines + angle);
    const Pack<W> sine = LoadPack<W>(rotation.sines + angle);
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      const float s = is_first != kMerge ? -sine.v[w] : sine.v[w];
      value.v[w] = value.v[w] * cosine.v[w] + other.v[w] * s;
    }
    return value;
  }

  template <int W>
  __device__ void At(uint64_t index) const {
    const RowColumn in_head = Locate(index, shape.head_width);
    const RowColumn of_head = Locate(in_head.row, shape.length);
    const RowColumn of_sequence = Locate(of_head.row, shape.heads);
    const uint64_t t = of_head.column;
    const uint64_t row = of_sequence.row * shape.length + t;
    const uint64_t in_rows = row * columns.columns + columns.first +
                             of_sequence.column * shape.head_width + in_head.column;
    const Pack<W> value = Turned<W>(from + (kMerge ? index : in_rows), t, in_head.column);
    const uint64_t at = kMerge ? in_rows : index;
    StorePack(to + at, value);
    StoreHalf(half, at, value);
  }
};

template <bool kMerge>
Launched Run(const char* call, const HeadsShape& shape, const HeadsColumns& columns,
             const Rotation& rotation, const float* from, float* to, HalfOut half,
             StreamHandle stream) {
  // Both sides of a pair are read in packs.
  const uint64_t whole = rotation.cosines == nullptr ? 4 : 8;
  const bool packed = shape.head_width % whole == 0 && columns.columns % 4 == 0 &&
                      columns.first % 4 == 0 && TakesPacks(from) && TakesPacks(to) &&
                      TakesPacks(half) && TakesPacks(rotation.cosines) &&
                      TakesPacks(rotation.sines);
  return ForEachPack(call, HeadsOp<kMerge>{shape, columns, rotation, from, to, half},
                     shape.values(), packed, stream);
}

}  // namespace

Launched RotaryTable(uint64_t length, uint64_t head_width, float* cosines, float* sines,
                     StreamHandle stream) {
  const uint64_t count = length * (head_width / 2);
  if (count == 0) return {};
  return Launch("RotaryTable: cudaLaunchKernel", RotaryTableKernel, BlocksFor(count), kThreads,
                stream, length, head_width / 2, cosines, sines);
}

Launched SplitHeads(const HeadsShape& shape, const HeadsColumns& columns, const Rotation& rotation,
                    const float* rows, float* out, HalfOut half, StreamHandle stream) {
  return Run<false>("SplitHeads: cudaLaunchKernel", shape, columns, rotation, rows, out, half,
                    stream);
}

Launched MergeHeads(const HeadsShape& shape, const HeadsColumns& columns, const Rotation& rotation,
                    const float* heads, float* rows, HalfOut half, StreamHandle stream) {
  return Run<true>("MergeHeads: cudaLaunchKernel", shape, columns, rotation, heads, rows, half,
                   stream);
}

}  // namespace paceline::gpu
