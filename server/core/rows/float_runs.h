// Values that come in runs of whole floats: of a gradient that lies in slices, or of a sum
// that is made while it is read.
#ifndef PACELINE_SERVER_CORE_ROWS_FLOAT_RUNS_H_
#define PACELINE_SERVER_CORE_ROWS_FLOAT_RUNS_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"

namespace paceline::server {

// `count` float32, little-endian, at any address; `first` is the index of the first of them.
using FloatRun = absl::FunctionRef<void(const uint8_t* bytes, size_t count, uint64_t first)>;

// Calls its argument with every run, in order.
using FloatRuns = absl::FunctionRef<void(FloatRun run)>;

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_FLOAT_RUNS_H_
