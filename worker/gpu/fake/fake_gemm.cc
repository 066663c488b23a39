#include "worker/gpu/fake/fake_gemm.h"

#include <cstdint>
#include <cstring>
#include <vector>

namespace paceline::gpu::fake {
namespace {

float FromBits(uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

uint32_t ToBits(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

float FromFp16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 0x1f;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 0x1f) return FromBits(sign | 0x7f800000 | (mantissa << 13));
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) / (1 << 24);
    return sign != 0 ? -value : value;
  }
  return FromBits(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

// To 10 bits of mantissa, to nearest, ties away from zero; NaN and infinity stay.
float ToTf32(float value) {
  const uint32_t bits = ToBits(value);
  if ((bits & 0x7f800000) == 0x7f800000) return value;
  return FromBits((bits + 0x1000) & ~uint32_t{0x1fff});
}

std::vector<float> Factor(const GemmCall& call, const void* matrix, uint64_t count) {
  std::vector<float> factor(count);
  for (uint64_t i = 0; i < count; ++i) {
    if (call.type == MatrixType::kFloat32) {
      const float value = static_cast<const float*>(matrix)[i];
      factor[i] = call.tf32 ? ToTf32(value) : value;
    } else {
      const uint16_t half = static_cast<const uint16_t*>(matrix)[i];
      factor[i] = call.type == MatrixType::kBf16 ? FromBits(static_cast<uint32_t>(half) << 16)
                                                 : FromFp16(half);
    }
  }
  return factor;
}

// One product of the call, number `at` of its batch.
void Multiply(const GemmCall& call, uint64_t at) {
  const uint64_t size = call.type == MatrixType::kFloat32 ? sizeof(float) : sizeof(uint16_t);
  const std::vector<float> a = Factor(
      call, static_cast<const uint8_t*>(call.a) + at * call.m * call.k * size, call.m * call.k);
  const std::vector<float> b = Factor(
      call, static_cast<const uint8_t*>(call.b) + at * call.k * call.n * size, call.k * call.n);
  std::vector<float> row(call.n);
  for (uint64_t i = 0; i < call.m; ++i) {
    std::fill(row.begin(), row.end(), 0.0f);
    for (uint64_t k = 0; k < call.k; ++k) {
      const float factor = call.transpose_a ? a[k * call.m + i] : a[i * call.k + k];
      for (uint64_t j = 0; j < call.n; ++j) {
        row[j] += factor * (call.transpose_b ? b[j * call.k + k] : b[k * call.n + j]);
      }
    }
    float* const c = call.c + (at * call.m + i) * call.n;
    for (uint64_t j = 0; j < call.n; ++j) {
      c[j] = call.alpha * row[j] + (call.beta == 0 ? 0 : call.beta * c[j]);
    }
  }
}

}  // namespace

void FakeGemm(const GemmCall& call) {
  for (uint64_t at = 0; at < call.batch; ++at) Multiply(call, at);
}

}  // namespace paceline::gpu::fake
