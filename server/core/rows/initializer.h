// Initial values: every element is a pure function of (seed, table name, row or
// key, column), so that no sharding and no order of creation changes it.
//
//   zeros      0
//   constant   scale
//   uniform    uniform in [-scale, scale)
//   normal     normal with mean 0 and standard deviation scale
//   xavier     uniform in [-a, a), a = sqrt(6 / (fan_in + fan_out))  (Glorot and Bengio 2010)
//   he         normal with standard deviation sqrt(2 / fan_in)       (He et al. 2015)
//
// Element (row, column) takes random number `column` of the stream of (table name,
// row) of the seed (common/random.h).
//
// Immutable.
#ifndef PACELINE_SERVER_CORE_ROWS_INITIALIZER_H_
#define PACELINE_SERVER_CORE_ROWS_INITIALIZER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "proto/node.pb.h"

namespace paceline::server {

class Initializer {
 public:
  // Errors:  InvalidArgument  scale not finite or (uniform, normal) negative;
  //                           xavier without fan_in + fan_out, he without fan_in.
  static absl::StatusOr<Initializer> Create(const v1::TableSpec& table, uint64_t seed);

  // Writes the dim values of row (dense) or key (sparse) `row` to `out`.
  void Fill(uint64_t row, float* out) const;

 private:
  Initializer() = default;

  enum class Shape { kConstant, kUniform, kNormal };
  Shape shape_ = Shape::kConstant;
  // The constant, half the width, or the standard deviation.
  float scale_ = 0;
  uint32_t dim_ = 0;
  uint64_t seed_ = 0;
  uint64_t name_hash_ = 0;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_INITIALIZER_H_
