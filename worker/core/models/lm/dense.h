// A linear layer over rows, and its gradients by addition: a batch comes in chunks.
//
//   y [rows, outputs] = x [rows, inputs] * weight [inputs, outputs] + bias [1, outputs]
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_DENSE_H_
#define PACELINE_WORKER_CORE_MODELS_LM_DENSE_H_

#include <cstdint>

#include "worker/core/model.h"

namespace paceline::worker {

void Dense(uint64_t rows, const TableRows& weight, const TableRows& bias, const float* x, float* y);

// Add to the gradients of weight and bias from dy, the gradient of y.
void DenseWeightGradient(uint64_t rows, uint64_t inputs, uint64_t outputs, const float* x,
                         const float* dy, TableRows* dweight);
void DenseBiasGradient(uint64_t rows, const float* dy, TableRows* dbias);

// dx = dy * weight^T.
void DenseInputGradient(uint64_t rows, uint64_t inputs, uint64_t outputs, const TableRows& weight,
                        const float* dy, float* dx);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_DENSE_H_
