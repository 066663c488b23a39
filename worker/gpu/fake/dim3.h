// CUDA's extents, under CUDA's name.
#ifndef PACELINE_WORKER_GPU_FAKE_DIM3_H_
#define PACELINE_WORKER_GPU_FAKE_DIM3_H_

#include <cstdint>
#include <string>

// As in CUDA: what is not said is 1.
struct dim3 {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;

  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
  constexpr uint64_t count() const { return uint64_t{x} * y * z; }
  // "(1, 2, 3)".
  std::string Text() const {
    std::string text = "(";
    text += std::to_string(x) + ", " + std::to_string(y) + ", " + std::to_string(z) + ")";
    return text;
  }
};

#endif  // PACELINE_WORKER_GPU_FAKE_DIM3_H_
