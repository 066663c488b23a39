// Softmax of the rows of a matrix and its derivative, at the widest SIMD level.
//
// Matrices are row-major without padding. At one SIMD level the result is a function of
// the values and the shape alone. A row with a NaN becomes NaN.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MATH_SOFTMAX_ROWS_H_
#define PACELINE_WORKER_CORE_MATH_SOFTMAX_ROWS_H_

#include <cstdint>

namespace paceline::worker {

// Each of the `rows` rows of z [rows, columns] becomes its softmax; log_sums[row] becomes
// the logarithm of the sum of the exponentials of its logits. columns > 0.
void SoftmaxRows(uint64_t rows, uint64_t columns, float* z, double* log_sums);

// Row i of z [rows, columns] belongs to position first + i, which sees positions 0 to its
// own: it becomes the softmax of scale * its values at those, and 0 behind them.
// first + rows <= columns.
void CausalSoftmaxRows(float scale, uint64_t first, uint64_t rows, uint64_t columns, float* z);

// From the gradient of a softmax p [rows, columns] of scale * z to that of z, in place:
// gradient = scale * p * (gradient - <p, gradient> of the row).
void SoftmaxRowsGradient(float scale, uint64_t rows, uint64_t columns, const float* p,
                         float* gradient);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MATH_SOFTMAX_ROWS_H_
