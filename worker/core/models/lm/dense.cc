#include "worker/core/models/lm/dense.h"

#include "absl/types/span.h"
#include "worker/core/math/blas.h"
#include "worker/core/models/bias.h"

namespace paceline::worker {

void Dense(uint64_t rows, const TableRows& weight, const TableRows& bias, const float* x,
           float* y) {
  const uint64_t outputs = bias.rows.size();
  FillWithBias(bias.rows, absl::MakeSpan(y, rows * outputs));
  Gemm(Transpose::kNo, Transpose::kNo, rows, outputs, weight.rows.size() / outputs, x,
       weight.rows.data(), 1, y);
}

void DenseWeightGradient(uint64_t rows, uint64_t inputs, uint64_t outputs, const float* x,
                         const float* dy, TableRows* dweight) {
  Gemm(Transpose::kYes, Transpose::kNo, inputs, outputs, rows, x, dy, 1, dweight->rows.data());
}

void DenseBiasGradient(uint64_t rows, const float* dy, TableRows* dbias) {
  AddBiasGradient({dy, rows * dbias->rows.size()}, absl::MakeSpan(dbias->rows));
}

void DenseInputGradient(uint64_t rows, uint64_t inputs, uint64_t outputs, const TableRows& weight,
                        const float* dy, float* dx) {
  Gemm(Transpose::kNo, Transpose::kYes, rows, inputs, outputs, dy, weight.rows.data(), 0, dx);
}

}  // namespace paceline::worker
