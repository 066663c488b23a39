// Points side by side in float64, for distances from one point to all of them.
//
//   PointTable centroids(10, 784);
//   centroids.Set(3, 0, 12.5);                       // coordinate 0 of point 3
//   centroids.Distances(record, absl::MakeSpan(distances));
//
// Every distance is the plain sum over the coordinates, in their order and in float64,
// without fused operations: the same bits at every SIMD level, and those of
//
//   for (f = 0; f < dim; ++f) sum += (x[f] - point[f]) * (x[f] - point[f]);
//
// Thread-compatible.
#ifndef PACELINE_WORKER_CORE_MATH_POINT_TABLE_H_
#define PACELINE_WORKER_CORE_MATH_POINT_TABLE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace paceline::worker {

class PointTable {
 public:
  // `points` at the origin. Memory: 8 bytes for each coordinate of `points`, rounded up
  // to a multiple of 16 points.
  PointTable(uint64_t points, uint64_t dim);

  uint64_t points() const { return points_; }
  uint64_t dim() const { return dim_; }

  void Set(uint64_t point, uint64_t coordinate, double value) {
    values_[(point / kBlock * dim_ + coordinate) * kBlock + point % kBlock] = value;
  }

  // distances [points()] = squared distances of `x` [dim()] to each point.
  void Distances(absl::Span<const float> x, absl::Span<double> distances) const;

 private:
  // Points whose coordinates lie together: as many as sums are kept in registers.
  static constexpr uint64_t kBlock = 16;

  const uint64_t points_;
  const uint64_t dim_;
  // [blocks, dim, kBlock]
  std::vector<double> values_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MATH_POINT_TABLE_H_
