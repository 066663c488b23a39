// What a rank decides about its gradient before any byte leaves: whether it is
// finite, and its norm.
//
// Tables whose optimizer is `add` or `sum` are never clipped and do not count in the norm.
// Sums run in float64, table by table, in a fixed order.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_CLIP_H_
#define PACELINE_WORKER_CORE_MODELS_CLIP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/core/model.h"

namespace paceline::worker {

// A value that is not finite.
struct NonFiniteValue {
  std::string table;
  // Row of a dense table, key of a sparse one.
  uint64_t row = 0;
  uint32_t column = 0;
  float value = 0;

  // "table layer0/weight, row 7, column 3: nan".
  std::string ToString() const;
};

// The first value in table and row order that is not finite, if there is one. Costs
// one pass over the values.
std::optional<NonFiniteValue> FindNonFinite(const std::vector<v1::TableSpec>& tables,
                                            const Gradients& gradients);

// L2 norm over all tables together; not finite exactly if a value is not.
double GradientNorm(const std::vector<v1::TableSpec>& tables, const Gradients& gradients);

// Scales the gradients so that the norm of to_mean * gradients is at most
// `clip_norm`. `to_mean` turns them into the mean over the rank's own samples:
// nominal samples of the round / nominal samples of the rank under BSP, where
// gradients come scaled for the round; else 1. Both are greater than 0.
// Returns the norm of to_mean * gradients before. If it is not finite, nothing
// is changed.
double ClipByNorm(double clip_norm, double to_mean, const std::vector<v1::TableSpec>& tables,
                  Gradients* gradients);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CLIP_H_
