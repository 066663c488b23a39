// The counting model: an oracle of exactly-once. Its gradients are ones, its update
// is `add`, so the final values count pushes (exact in float32 below 2^24).
//
// A push of (rank, iteration) adds 1 to every value of row 0 and of up to
// kCountingPicks further rows, drawn by a hash of (rank, iteration) and distinct.
// So row 0 ends as the number of unique pushes, and the other rows tell which
// pushes were lost or counted twice.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_COUNTING_COUNTING_H_
#define PACELINE_WORKER_CORE_MODELS_COUNTING_COUNTING_H_

#include <cstdint>
#include <vector>

#include "proto/job.pb.h"

namespace paceline::worker {

inline constexpr int kCountingPicks = 3;

// Rows of a table of `rows` (at least 1) that a push adds 1 to: ascending, distinct,
// the first is 0.
std::vector<uint64_t> CountingRows(uint64_t rows, uint32_t rank, uint64_t iteration);

// What each value of each row must be after iterations [0, iterations) of `rank`:
// one number per row, all values of a row being equal. Sum it over the ranks. A row
// of a sparse table that is 0 here was never created. `spec` has its defaults.
std::vector<uint64_t> ExpectedCounting(const v1::JobSpec& spec, uint32_t rank, uint64_t iterations);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_COUNTING_COUNTING_H_
