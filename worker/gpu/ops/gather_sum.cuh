// Sums over the entries of groups: the loop of the sparse operators. A group is a
// record or a segment; a table's row is gathered for each of its entries, and the
// terms are added in a fixed pattern.
//
//   lanes    neighbouring threads that share a row of the table, W columns each
//   team     neighbouring threads that have a group; team / lanes of its entries are
//            under way at once, entry e in slot e % (team / lanes) of the group
//   long     a group of more than kLongSlot entries per slot of a team: the whole block
//            takes it, with kThreads / lanes slots
//
// A slot adds its entries in turn; slots are added as a tree (and of a block, warp by
// warp): the order depends on the number of entries, on `lanes` and on `team`.
//
// An Op is a struct of pointers with
//   static constexpr int kSums;         sums per column
//   uint32_t Begin(group), End(group)   its entries
//   void Add<W>(group, entry, column, Sums<kSums, W>&)     adds an entry's terms
//   void Store<W>(group, column, const Sums<kSums, W>&, float& total)
//                                       once per pack of columns; may add to `total`
//   static constexpr bool kTotal;       whether Finish is wanted
//   void Finish(group, total)           once per group: the total over all columns
#ifndef PACELINE_WORKER_GPU_OPS_GATHER_SUM_CUH_
#define PACELINE_WORKER_GPU_OPS_GATHER_SUM_CUH_

#include <cstdint>

#include "worker/gpu/ops/block_reduce.cuh"
#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/pack.cuh"

namespace paceline::gpu {

constexpr uint32_t kLongSlot = 128;

template <int N, int W>
struct Sums {
  float v[N][W];

  __device__ void Clear() {
    PL_UNROLL
    for (int n = 0; n < N; ++n) {
      PL_UNROLL
      for (int w = 0; w < W; ++w) v[n][w] = 0;
    }
  }

  __device__ void Add(const Sums& other) {
    PL_UNROLL
    for (int n = 0; n < N; ++n) {
      PL_UNROLL
      for (int w = 0; w < W; ++w) v[n][w] += other.v[n][w];
    }
  }

  // Adds those of the threads `apart`, 2 * apart ... up to `below` away.
  __device__ void AddAcross(uint32_t apart, uint32_t below) {
    for (; apart < below; apart *= 2) {
      PL_UNROLL
      for (int n = 0; n < N; ++n) {
        PL_UNROLL
        for (int w = 0; w < W; ++w) v[n][w] += Exchanged(v[n][w], static_cast<int>(apart));
      }
    }
  }
};

// The columns of a launch: chunks of lanes * W, every `step`-th one from `first` on.
struct Columns {
  uint32_t dim;
  uint32_t lanes;
  uint32_t first;
  uint32_t step;
};

// Each team its own group, unless that is long. All threads of the block come.
template <int W, class Op>
__device__ inline void SumByTeam(const Op& op, uint64_t group, bool mine, const Columns& columns,
                                 uint32_t team) {
  const uint32_t lane = threadIdx.x % columns.lanes;
  const uint32_t slot = threadIdx.x % team / columns.lanes;
  const uint32_t slots = team / columns.lanes;
  const uint64_t end = mine ? op.End(group) : 0;
  const uint64_t begin = mine ? op.Begin(group) : 0;
  float total = 0;
  for (uint32_t chunk = columns.first; uint64_t{chunk} * columns.lanes * W < columns.dim;
       chunk += columns.step) {
    const uint64_t column = (uint64_t{chunk} * columns.lanes + lane) * W;
    const bool here = mine && column < columns.dim;
    Sums<Op::kSums, W> sums;
    sums.Clear();
    if (here) {
      PL_UNROLL_4
      for (uint64_t e = begin + slot; e < end; e += slots) {
        op.template Add<W>(group, e, column, sums);
      }
    }
    sums.AddAcross(columns.lanes, team);
    if (here && slot == 0) op.template Store<W>(group, column, sums, total);
  }
  if constexpr (Op::kTotal) {
    total = WarpReduce(total, columns.lanes, Add());
    if (mine && slot == 0 && lane == 0) op.Finish(group, total);
  }
}

// The whole block one group.
template <int W, class Op>
__device__ inline void SumByBlock(const Op& op, uint64_t group, const Columns& columns) {
  using S = Sums<Op::kSums, W>;
  PL_SHARED(S, of_warp, kThreads);
  const uint32_t lane = threadIdx.x % columns.lanes;
  const uint32_t slot = threadIdx.x / columns.lanes;
  const uint32_t slots = kThreads / columns.lanes;
  const uint32_t warp = threadIdx.x / kWarp;
  const uint64_t end = op.End(group);
  const uint64_t begin = op.Begin(group);
  float total = 0;
  for (uint32_t chunk = columns.first; uint64_t{chunk} * columns.lanes * W < columns.dim;
       chunk += columns.step) {
    const uint64_t column = (uint64_t{chunk} * columns.lanes + lane) * W;
    S sums;
    sums.Clear();
    if (column < columns.dim) {
      PL_UNROLL_4
      for (uint64_t e = begin + slot; e < end; e += slots) {
        op.template Add<W>(group, e, column, sums);
      }
    }
    sums.AddAcross(columns.lanes, kWarp);
    if (threadIdx.x % kWarp < columns.lanes) of_warp[warp * columns.lanes + lane] = sums;
    __syncthreads();
    if (threadIdx.x < columns.lanes && column < columns.dim) {
      for (uint32_t w = 1; w < kThreads / kWarp; ++w) sums.Add(of_warp[w * columns.lanes + lane]);
      op.template Store<W>(group, column, sums, total);
    }
    // The next sums come where these stand.
    __syncthreads();
  }
  if constexpr (Op::kTotal) {
    // Threads above the first `lanes` have no total.
    total = WarpReduce(total, columns.lanes, Add());
    if (threadIdx.x == 0) op.Finish(group, total);
  }
}

template <int W, class Op>
__global__ void __launch_bounds__(kThreads)
    GatherSumKernel(Op op, uint64_t groups, uint32_t dim, uint32_t lanes, uint32_t team) {
  const uint32_t teams = kThreads / team;
  const uint64_t long_from = uint64_t{kLongSlot} * (team / lanes) + 1;
  const Columns columns{dim, lanes, blockIdx.y, gridDim.y};
  // All threads of a block go round equally often: they meet in every reduction.
  for (uint64_t first = uint64_t{blockIdx.x} * teams; first < groups;
       first += uint64_t{gridDim.x} * teams) {
    const uint64_t group = first + threadIdx.x / team;
    const bool exists = group < groups;
    const bool is_long = exists && op.End(group) - op.Begin(group) >= long_from;
    SumByTeam<W>(op, group, exists && !is_long, columns, team);
    if (!__syncthreads_or(is_long)) continue;
    for (uint64_t g = first; g < first + teams && g < groups; ++g) {
      if (op.End(g) - op.Begin(g) >= long_from) SumByBlock<W>(op, g, columns);
    }
  }
}

// `smallest_team`: threads per group of few entries, a power of two up to 32. `packed`:
// rows of `dim` columns can be read in packs of 4.
template <class Op>
Launched GatherSum(const char* call, const Op& op, uint64_t groups, uint32_t dim, bool packed,
                   uint32_t smallest_team, StreamHandle stream) {
  if (groups == 0 || dim == 0) return {};
  const uint32_t width = packed ? 4 : 1;
  const uint32_t packs = (dim + width - 1) / width;
  const uint32_t lanes = PowerOfTwo(packs, kWarp);
  const uint32_t team = lanes > smallest_team ? lanes : smallest_team;
  const uint32_t chunks = (packs + lanes - 1) / lanes;
  // A total needs all columns in one place.
  const uint32_t high = Op::kTotal ? 1 : (chunks < kMaxBlocksY ? chunks : kMaxBlocksY);
  const dim3 grid(BlocksFor(groups, kThreads / team), high);
  if (packed) {
    return Launch(call, GatherSumKernel<4, Op>, grid, kThreads, stream, op, groups, dim, lanes,
                  team);
  }
  return Launch(call, GatherSumKernel<1, Op>, grid, kThreads, stream, op, groups, dim, lanes, team);
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_GATHER_SUM_CUH_
