#include "worker/core/models/lm/dense.h"

#include <algorithm>

#include "worker/core/math/blas.h"
#include "worker/core/math/vector_kernels.h"

namespace paceline::worker {

void Dense(uint64_t rows, const TableRows& weight, const TableRows& bias, const float* x,
           float* y) {
  const uint64_t outputs = bias.rows.size();
  for (uint64_t row = 0; row < rows; ++row) {
    std::copy(bias.rows.begin(), bias.rows.end(), y + row * outputs);
  }
  Gemm(Transpose::kNo, Transpose::kNo, rows, outputs, weight.rows.size() / outputs, x,
       weight.rows.data(), 1, y);
}

void DenseWeightGradient(uint64_t rows, uint64_t inputs, uint64_t outputs, const float* x,
                         const float* dy, TableRows* dweight) {
  Gemm(Transpose::kYes, Transpose::kNo, inputs, outputs, rows, x, dy, 1, dweight->rows.data());
}

void DenseBiasGradient(uint64_t rows, const float* dy, TableRows* dbias) {
  const uint64_t outputs = dbias->rows.size();
  for (uint64_t row = 0; row < rows; ++row) {
    AddScaled(1, {dy + row * outputs, outputs}, {dbias->rows.data(), outputs});
  }
}

void DenseInputGradient(uint64_t rows, uint64_t inputs, uint64_t outputs, const TableRows& weight,
                        const float* dy, float* dx) {
  Gemm(Transpose::kNo, Transpose::kYes, rows, inputs, outputs, dy, weight.rows.data(), 0, dx);
}

}  // namespace paceline::worker
