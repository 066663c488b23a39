// The sizes that test cases share.
#ifndef PACELINE_WORKER_GPU_OPS_TESTING_SHAPES_H_
#define PACELINE_WORKER_GPU_OPS_TESTING_SHAPES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace paceline::gpu::testing {

struct Shape {
  uint64_t n = 0;
  uint64_t m = 0;

  std::string Text() const { return std::to_string(n) + "x" + std::to_string(m); }
};

// One, odd, just beside a warp, just beside a block; and those of whole packs.
inline std::vector<Shape> Shapes(bool large) {
  std::vector<Shape> shapes = {{1, 1},    {1, 3},    {3, 1},     {31, 33}, {33, 31},  {1, 1025},
                               {1025, 1}, {3, 1025}, {1025, 31}, {33, 64}, {8, 1028}, {130, 10}};
  if (large) {
    shapes.insert(shapes.end(), {{1025, 1025}, {8192, 10}, {1024, 4096}, {4097, 8191}});
  }
  return shapes;
}

}  // namespace paceline::gpu::testing

#endif  // PACELINE_WORKER_GPU_OPS_TESTING_SHAPES_H_
