// The tables of a language model (model.lm), in name order; `w` is its width:
//
//   blockN/attention/norm/{bias,gain}   [1, w]
//   blockN/attention/out/bias           [1, w]       blockN/attention/out/weight  [w, w]
//   blockN/attention/qkv/bias           [1, 3w]      blockN/attention/qkv/weight  [w, 3w]
//   blockN/mlp/down/bias                [1, w]       blockN/mlp/down/weight       [4w, w]
//   blockN/mlp/norm/{bias,gain}         [1, w]
//   blockN/mlp/up/bias                  [1, 4w]      blockN/mlp/up/weight         [w, 4w]
//   embedding/bytes                     [256, w]     of bytes going in and coming out
//   embedding/positions                 [context, w] positions: learned only
//   norm/{bias,gain}                    [1, w]       before the output
//
// Columns of qkv are those of queries, keys and values, each of all heads in order. Gains
// start at 1, biases at 0; neither is decayed. Weights and embeddings start as
// model.initializer says; uniform and normal ones of out and down, which add to what goes
// through the blocks, are smaller by sqrt(2 * layers).
//
// Pure functions. Thread-safe.
#ifndef PACELINE_COMMON_TABLES_LM_TABLES_H_
#define PACELINE_COMMON_TABLES_LM_TABLES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline {

inline constexpr uint32_t kMaxLmLayers = 64;
inline constexpr uint32_t kMaxLmWidth = 8192;
inline constexpr uint32_t kMaxLmContext = 4096;

// `model` has its defaults.
// Errors:  InvalidArgument  a size that cannot be, naming the field.
absl::StatusOr<std::vector<v1::TableSpec>> LmTables(const v1::ModelSpec& model);

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_LM_TABLES_H_
