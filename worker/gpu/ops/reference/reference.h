// Every operator in float64 on the CPU, straight from the formula of its header: what
// the kernels are held against. Slow, obvious, and without a line in common with them.
//
// Inputs are the operator's, with its shapes; results are new vectors of all rows.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_GPU_OPS_REFERENCE_REFERENCE_H_
#define PACELINE_WORKER_GPU_OPS_REFERENCE_REFERENCE_H_

#include <cstdint>
#include <vector>

#include "worker/gpu/ops/activation.h"
#include "worker/gpu/ops/launch.h"
#include "worker/gpu/ops/point_loss.h"

namespace paceline::gpu::reference {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

// Entries by record.
struct Records {
  std::vector<uint32_t> offsets;
  std::vector<uint32_t> rows;
  Floats values;

  uint64_t size() const { return offsets.size() - 1; }
};

// The same entries by row.
struct Segments {
  std::vector<uint32_t> rows;
  std::vector<uint32_t> offsets;
  std::vector<uint32_t> records;
  Floats values;

  uint64_t size() const { return rows.size(); }
};

struct Activated {
  Doubles z;
  Doubles a;
};
Activated BiasActivation(ActivationKind f, uint64_t n, uint64_t m, const Floats& bias,
                         const Floats& z);

Doubles ActivationGradient(ActivationKind f, const Floats& z, const Floats& gradient);

Doubles Scaled(const Floats& x, float factor);

Doubles ColumnSums(uint64_t n, uint64_t m, const Floats& x, float factor);

struct Losses {
  Doubles scores;
  Doubles losses;
  Doubles gradient;
};
Losses SoftmaxCrossEntropy(uint64_t n, uint32_t classes, const Floats& labels, float scale,
                           const Floats& logits);
Losses PointLoss(PointLossKind kind, const Floats& z, const Floats& labels, float scale);

double SumLosses(const Floats& losses);

struct Found {
  std::vector<uint32_t> rows;
  uint32_t first_missing = UINT32_MAX;
};
Found LookupRows(const std::vector<uint64_t>& features, const std::vector<uint64_t>& keys);

Doubles WeightedRows(const Records& records, uint32_t dim, const Floats& table, const Floats& out);

// SegmentGradient and ScatterGradient: [row_count, dim], zeros where no entry is.
Doubles TableGradient(const Records& records, uint32_t dim, uint64_t row_count,
                      const Floats& gradient);

struct Interaction {
  Doubles sums;
  Doubles z;
};
Interaction FmInteraction(const Records& records, uint32_t k, const Floats& factors,
                          const Floats& z);

// FmSegmentGradient and FmScatterGradient: [row_count, k], zeros where no entry is.
Doubles FmGradient(const Records& records, uint32_t k, uint64_t row_count, const Floats& z_gradient,
                   const Floats& sums, const Floats& factors);

// The bits of the nearest bf16 or fp16; a tie goes to the even one.
uint16_t Rounded(HalfType type, double value);
// What such bits stand for.
double Widened(HalfType type, uint16_t bits);

bool AnyNonFinite(const Floats& x);

}  // namespace paceline::gpu::reference

#endif  // PACELINE_WORKER_GPU_OPS_REFERENCE_REFERENCE_H_
