// Loops over float32 vectors at the widest SIMD level of the processor.
//
// The level is chosen at run time. At one level the result is a function of the
// values and the length: sums run in a fixed order, whatever the addresses.
// Vectors that are combined have the same length; anything else is a bug of the
// caller and stops the process.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MATH_VECTOR_KERNELS_H_
#define PACELINE_WORKER_CORE_MATH_VECTOR_KERNELS_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace paceline::worker {

// The level in use: "AVX3", "AVX2", "SSE4", "NEON", ...
std::string SimdLevel();

// Sum of a[i] * b[i].
float Dot(absl::Span<const float> a, absl::Span<const float> b);

// y += factor * x.
void AddScaled(float factor, absl::Span<const float> x, absl::Span<float> y);

// x *= factor.
void ScaleBy(float factor, absl::Span<float> x);

// Sum of squares in float64. Not finite exactly if a value is not finite: the
// square of a float32 is far from the limits of float64.
double SumOfSquares(absl::Span<const float> x);

// One sparse record times a matrix: for each entry k in order,
// y += values[k] * matrix[rows[k]], with matrix [*, y.size()] row-major.
// Every rows[k] is within the matrix.
void AddWeightedRows(absl::Span<const float> values, absl::Span<const uint64_t> rows,
                     const float* matrix, absl::Span<float> y);

// The transpose of AddWeightedRows: matrix[rows[k]] += values[k] * y, in order.
void ScatterWeightedRows(absl::Span<const float> values, absl::Span<const uint64_t> rows,
                         absl::Span<const float> y, float* matrix);

// One entry of a factorization machine: with t = x * v,
// sum += t and squares += t * t.
void AddLatent(float x, absl::Span<const float> v, absl::Span<float> sum,
               absl::Span<float> squares);

// Its gradient: gradient += (d * x) * (sum - x * v).
void AddLatentGradient(float d, float x, absl::Span<const float> v, absl::Span<const float> sum,
                       absl::Span<float> gradient);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MATH_VECTOR_KERNELS_H_
