// The tables of each kind of model.
//
//   linear, logistic, softmax   KIND/weight [features, outputs], KIND/bias [1, outputs];
//                               outputs = classes for softmax, else 1
//   mlp        layerN/weight [inputs, units], layerN/bias [1, units], one pair for each
//              hidden layer and one for the classes; N is padded with zeros so that
//              name order is layer order
//   fm         fm/weight [features, 1], fm/factors [features, k], fm/bias [1, 1]
//   mf         mf/user [features, k], mf/item [features, k], mf/user_bias [features, 1],
//              mf/item_bias [features, 1], mf/bias [1, 1]; features: what users and items
//              are numbered below
//   kmeans     kmeans/sums [clusters, features + 1]: of the points of a cluster their sum
//              and, last, their number
//   cnn        see cnn_tables.h
//   counting   counting/values [rows, dim]
//   layers     layerN/values [size, 1], one for each of model.layer_sizes
//   lm         see lm_tables.h
//   wide_deep, deepfm, dcn      see ctr_tables.h
//   library    see library_tables.h
//
// Weights and factors that are indexed by feature, user or item are dense or sparse as
// model.table says, counting/values too; all others are dense. Biases [1, n] start at
// zero and are never decayed. model.initializer is that of the weights (fm, mf: of the
// factors; their other weights start at zero). Each table has a copy of train.optimizer, a
// sparse one of train.sparse_optimizer where that is given; counting has `add` always, and so have
// running statistics, which travel as float32. push_codec and pull_codec are those of
// `compression`.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_COMMON_TABLES_MODEL_TABLES_H_
#define PACELINE_COMMON_TABLES_MODEL_TABLES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/tables/sparse_limits.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline {

// Most hidden layers of an mlp, units of one, classes, latent factors, and layers
// of `layers`.
inline constexpr int kMaxHiddenLayers = 64;
inline constexpr uint32_t kMaxUnits = 65536;
inline constexpr uint32_t kMaxClasses = 1 << 20;
inline constexpr uint32_t kMaxFactors = 1024;
inline constexpr int kMaxLayers = 4096;
// Clusters of kmeans.
inline constexpr uint32_t kMaxClusters = 65536;

// The tables, in name order. `spec` has its defaults (WithDefaults). `features` and
// `classes` are what the data have; models without data ignore them.
// Errors:  InvalidArgument  the kind, a size or a table that cannot be, or a table of
//                           `compression` that there is not, naming the field, what is
//                           allowed and what came.
absl::StatusOr<std::vector<v1::TableSpec>> ModelTables(const v1::JobSpec& spec, uint64_t features,
                                                       uint32_t classes);

// The first thing in `model.sparse`, which is given, that cannot be with the model's tables.
// Nothing if it fits, or if the model itself cannot be.
std::optional<SparseProblem> FindSparseProblem(const v1::JobSpec& spec);

// What is wrong with a field of `compression`, whose path is `field`.
struct CodecProblem {
  std::string field;
  std::string message;
};

// The first thing in `compression` that cannot be with the model's tables, whatever the data
// have: a table that there is not, a codec of dense tables for a sparse one. Nothing if it
// fits, or if the model itself cannot be.
std::optional<CodecProblem> FindCodecProblem(const v1::JobSpec& spec);

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_MODEL_TABLES_H_
