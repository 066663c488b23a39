// Random sparse batches for test cases and benchmarks.
#ifndef PACELINE_WORKER_GPU_OPS_TESTING_SPARSE_DATA_H_
#define PACELINE_WORKER_GPU_OPS_TESTING_SPARSE_DATA_H_

#include <cstdint>

#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/testing/trial.h"

namespace paceline::gpu::testing {

struct SparseShape {
  // Records, rows of the table, entries of a record (0 to 2 * entries, `entries` on
  // average).
  uint64_t n = 0;
  uint64_t row_count = 0;
  uint64_t entries = 0;
  // Every record has an entry of row 0 besides.
  bool hot = false;

  // All entries, on average.
  uint64_t terms() const { return n * entries; }
};

// Values as Trial::Summands has them. A record may name a row twice.
reference::Records DrawRecords(Trial& trial, const SparseShape& shape);

// The same entries by row, in ascending order; rows without entries are left out.
reference::Segments SegmentsOf(const reference::Records& records);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_WORKER_GPU_OPS_TESTING_SPARSE_DATA_H_
