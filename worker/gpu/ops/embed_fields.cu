#include "worker/gpu/ops/embed_fields.h"
#include "worker/gpu/ops/for_each_pack.cuh"

namespace paceline::gpu {
namespace {

struct EmbedFieldsOp {
  uint32_t fields;
  uint32_t k;
  uint32_t number_count;
  // Of a record.
  uint32_t inputs;
  // A 64-bit remainder takes longer than the memory.
  bool narrow;
  const uint32_t* rows;
  const float* factors;
  const float* numbers;
  float* x;
  HalfOut half;

  // Packs do not cross vectors, nor records.
  template <int W>
  __device__ void At(uint64_t index) const {
    const uint64_t record = narrow ? static_cast<uint32_t>(index) / inputs : index / inputs;
    const auto column = static_cast<uint32_t>(index - record * inputs);
    const float* from = nullptr;
    if (column < fields * k) {
      const uint32_t field = column / k;
      from = factors + uint64_t{rows[record * fields + field]} * k + (column - field * k);
    } else {
      from = numbers + record * number_count + (column - fields * k);
    }
    const Pack<W> values = LoadPack<W>(from);
    StorePack(x + index, values);
    StoreHalf(half, index, values);
  }
};

}  // namespace

Launched EmbedFields(uint64_t n, uint32_t fields, uint32_t k, uint32_t number_count,
                     const uint32_t* rows, const float* factors, const float* numbers, float* x,
                     HalfOut half, StreamHandle stream) {
  const uint32_t inputs = fields * k + number_count;
  const uint64_t count = n * inputs;
  const EmbedFieldsOp op{fields, k,       number_count, inputs, count <= UINT32_MAX,
                         rows,   factors, numbers,      x,      half};
  const bool packed = k % 4 == 0 && number_count % 4 == 0 && TakesPacks(factors) &&
                      TakesPacks(numbers) && TakesPacks(x) && TakesPacks(half);
  return ForEachPack("EmbedFields: cudaLaunchKernel", op, count, packed, stream);
}

}  // namespace paceline::gpu
