#include "worker/core/models/lm/attention.h"

#include <algorithm>
#include <cmath>

#include "worker/core/math/blas.h"
#include "worker/core/math/softmax_rows.h"

namespace paceline::worker {

CausalAttention::CausalAttention(uint64_t width)
    : width_(width), scale_(1 / std::sqrt(static_cast<float>(width))) {}

void CausalAttention::Probabilities(uint64_t first, uint64_t rows, const float* q, const float* k) {
  const uint64_t keys = first + rows;
  p_.resize(rows * keys);
  Gemm(Transpose::kNo, Transpose::kYes, rows, keys, width_, q + first * width_, k, 0, p_.data());
  CausalSoftmaxRows(scale_, first, rows, keys, p_.data());
}

void CausalAttention::Forward(uint64_t length, const float* q, const float* k, const float* v,
                              float* out) {
  for (uint64_t first = 0; first < length; first += kQueryBlock) {
    const uint64_t rows = std::min(kQueryBlock, length - first);
    Probabilities(first, rows, q, k);
    Gemm(Transpose::kNo, Transpose::kNo, rows, width_, first + rows, p_.data(), v, 0,
         out + first * width_);
  }
}

void CausalAttention::Backward(uint64_t length, const float* q, const float* k, const float* v,
                               const float* dout, float* dq, float* dk, float* dv) {
  std::fill(dk, dk + length * width_, 0.0f);
  std::fill(dv, dv + length * width_, 0.0f);
  for (uint64_t first = 0; first < length; first += kQueryBlock) {
    const uint64_t rows = std::min(kQueryBlock, length - first);
    const uint64_t keys = first + rows;
    const float* block_dout = dout + first * width_;
    Probabilities(first, rows, q, k);
    Gemm(Transpose::kYes, Transpose::kNo, keys, width_, rows, p_.data(), block_dout, 1, dv);
    dp_.resize(rows * keys);
    Gemm(Transpose::kNo, Transpose::kYes, rows, keys, width_, block_dout, v, 0, dp_.data());
    SoftmaxRowsGradient(scale_, rows, keys, p_.data(), dp_.data());
    Gemm(Transpose::kNo, Transpose::kNo, rows, width_, keys, dp_.data(), k, 0, dq + first * width_);
    Gemm(Transpose::kYes, Transpose::kNo, keys, width_, rows, dp_.data(), q + first * width_, 1,
         dk);
  }
}

}  // namespace paceline::worker
