// Names of the optimizer slots: values that an optimizer keeps beside every weight,
// each with the shape of the row. Tables, estimates, kernels and checkpoints all
// name them in this order.
//
//   sgd, add        none
//   momentum        momentum
//   adagrad         sum
//   rmsprop         mean_square
//   adam, adamw     m, v
//   ftrl            z, n
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_TABLES_SLOTS_H_
#define PACELINE_COMMON_TABLES_SLOTS_H_

#include <string_view>

#include "absl/types/span.h"
#include "proto/job.pb.h"

namespace paceline {

// Most slots that any optimizer has.
inline constexpr int kMaxSlots = 2;

// The slots of `kind`, in order. Unspecified counts as sgd.
absl::Span<const std::string_view> SlotNames(v1::OptimizerKind kind);

// Whether sparse rows keep a count of their own steps (adam, adamw: a row's bias
// correction counts the steps that touched it).
bool CountsSteps(v1::OptimizerKind kind);

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_SLOTS_H_
