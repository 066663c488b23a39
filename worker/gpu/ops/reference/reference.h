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

struct Ratings {
  std::vector<uint32_t> users;
  std::vector<uint32_t> items;
};
Doubles MfRating(const Ratings& ratings, uint32_t k, float bias, const Floats& user_bias,
                 const Floats& user, const Floats& item_bias, const Floats& item);

// MfSegmentGradient and MfScatterGradient: [row_count, k], zeros where no rating is.
Doubles MfGradient(const std::vector<uint32_t>& rows, const std::vector<uint32_t>& other_rows,
                   uint32_t k, uint64_t row_count, const Floats& z_gradient, const Floats& other);

// [clusters, features] float64, from sums [clusters, features + 1]; `seeds` may be empty.
Doubles KMeansCentroids(uint32_t clusters, uint64_t features, const Floats& sums,
                        const Floats& seeds);

struct Assigned {
  std::vector<uint32_t> nearest;
  Doubles losses;
};
// x [n, features], centroids [clusters, features].
Assigned KMeansNearest(uint64_t n, uint32_t clusters, uint64_t features, const Floats& x,
                       const Doubles& centroids);
// [clusters, features + 1].
Doubles KMeansSums(uint32_t clusters, uint64_t features, const Floats& x,
                   const std::vector<uint32_t>& nearest);

// The bits of the nearest bf16 or fp16; a tie goes to the even one.
uint16_t Rounded(HalfType type, double value);
// What such bits stand for.
double Widened(HalfType type, uint16_t bits);

bool AnyNonFinite(const Floats& x);

}  // namespace paceline::gpu::reference

#endif  // PACELINE_WORKER_GPU_OPS_REFERENCE_REFERENCE_H_
