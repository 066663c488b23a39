// The tables of click models, wide_deep, deepfm and dcn, in name order.
//
// A record has a key in each field, columns of categories and then crosses of them, all hashed
// into data.hash_buckets, and numbers beside them. What the deep part gets, x, is a vector of
// model.factors values for each embedded field, then the numbers: d values. Embedded are all
// fields, but for wide_deep's crosses, which are for its wide part alone.
//
//   KIND/factors                 [buckets, k]      vectors of the keys
//   KIND/weight                  [buckets, 1]      wide_deep, deepfm: the linear part
//   KIND/numbers                 [numbers, 1]      wide_deep, deepfm, where there are numbers
//   layerN/bias, layerN/weight   [1, units], [inputs, units]     the deep part: layers of
//                                model.hidden, and last one with one output
//   crossN/bias, crossN/weight   [1, d], [d, d]    dcn
//   dcn/output                   [d, 1]            dcn: from the last cross layer to the output
//
// Tables by key are dense or sparse as model.table says, all others dense. Vectors start as
// model.initializer says; layers as those of an mlp, he for relu and else xavier, cross layers
// and dcn/output xavier; all else at 0. Biases are never decayed.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_COMMON_TABLES_CTR_TABLES_H_
#define PACELINE_COMMON_TABLES_CTR_TABLES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline {

// Most values of x, and cross layers.
inline constexpr uint32_t kMaxCtrInputs = 65536;
inline constexpr uint32_t kMaxCrossLayers = 16;

// Whether records have to be by fields: wide_deep, deepfm and dcn.
bool IsCtrModel(v1::ModelKind kind);

// What a record is to a click model.
struct CtrShape {
  // Keys of a record, and how many of them, the first ones, are embedded.
  uint32_t fields = 0;
  uint32_t embedded = 0;
  uint32_t numbers = 0;
  // Values of a vector.
  uint32_t factors = 0;

  // Values of x.
  uint64_t inputs() const { return uint64_t{embedded} * factors + numbers; }
};

// `spec` has its defaults; `features` are the data's: numbers and hash buckets together.
// Errors:  InvalidArgument  no columns of categories, fewer features than hash buckets, or a
//                           number of values that cannot be.
absl::StatusOr<CtrShape> CtrShapeOf(const v1::JobSpec& spec, uint64_t features);

// A number of features that the data may have, before they are read: of a csv file's columns
// one holds numbers.
uint64_t SomeCtrFeatures(const v1::DataSpec& data);

// `spec` has its defaults.
// Errors:  those of CtrShapeOf.
//          InvalidArgument  a size that cannot be, naming the field.
absl::StatusOr<std::vector<v1::TableSpec>> CtrTables(const v1::JobSpec& spec, uint64_t features);

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_CTR_TABLES_H_
