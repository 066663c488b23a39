#include "worker/gpu/ops/embed_rows.h"
#include "worker/gpu/ops/for_each_pack.cuh"
#include "worker/gpu/ops/row_column.cuh"

namespace paceline::gpu {
namespace {

struct EmbedRowsOp {
  uint64_t dim;
  uint64_t length;
  const uint32_t* indices;
  const float* table;
  const float* positions;
  float* out;

  template <int W>
  __device__ void At(uint64_t index) const {
    Pack<W> sum;
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      const RowColumn at = Locate(index + w, dim);
      sum.v[w] = table[indices[at.row] * dim + at.column];
      if (positions != nullptr) {
        sum.v[w] += positions[Locate(at.row, length).column * dim + at.column];
      }
    }
    StorePack(out + index, sum);
  }
};

}  // namespace

Launched EmbedRows(uint64_t n, uint64_t dim, uint64_t length, const uint32_t* indices,
                   const float* table, const float* positions, float* out, StreamHandle stream) {
  return ForEachPack("EmbedRows: cudaLaunchKernel",
                     EmbedRowsOp{dim, length, indices, table, positions, out}, n * dim,
                     TakesPacks(out), stream);
}

}  // namespace paceline::gpu
