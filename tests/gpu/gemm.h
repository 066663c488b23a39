// The products of a network, by the cuBLAS of the toolkit, loaded when it is asked for.
//
// Owned by one thread.
#ifndef PACELINE_TESTS_GPU_GEMM_H_
#define PACELINE_TESTS_GPU_GEMM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu::testing {

enum class Precision { kFloat32, kTf32, kBf16, kFp16 };
const char* PrecisionName(Precision precision);
// Of the inputs; accumulation and result are float32.
size_t BytesOf(Precision precision);

// c [m, n] = a b, row-major. a is [m, k], or [k, m] if transposed; b is [k, n], or
// [n, k] if transposed. With a batch, as many matrices of each, one behind the other.
struct Product {
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  Precision precision = Precision::kFloat32;
  uint64_t batch = 1;

  // "NT bf16 3x31x1025": m, n, k; of a batch "12 of NT ...".
  std::string Text() const;
};

class Gemm {
 public:
  // Null, and why, if there is no cuBLAS or it does not start.
  static std::unique_ptr<Gemm> Load(StreamHandle stream, std::string* error);
  virtual ~Gemm() = default;

  // Inputs are floats, or values of 2 bytes for kBf16 and kFp16.
  virtual Launched Multiply(const Product& product, const void* a, const void* b, float* c) = 0;
  // 130101.
  virtual int version() const = 0;
};

}  // namespace paceline::gpu::testing

#endif  // PACELINE_TESTS_GPU_GEMM_H_
