// Random batches by fields for test cases and benchmarks.
#ifndef PACELINE_WORKER_GPU_OPS_TESTING_FIELD_DATA_H_
#define PACELINE_WORKER_GPU_OPS_TESTING_FIELD_DATA_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "worker/gpu/ops/reference/fields.h"
#include "worker/gpu/ops/testing/trial.h"

namespace paceline::gpu::testing {

// Records of `fields` vectors of k values and `numbers`, from a table of `row_count` rows.
struct FieldCase {
  uint64_t n = 0;
  uint32_t fields = 0;
  uint32_t k = 0;
  uint32_t numbers = 0;
  uint64_t row_count = 0;
  // Where buffers start, behind a multiple of 256 bytes.
  size_t shift = 0;

  // Values of a record.
  uint32_t stride() const { return fields * k + numbers; }
  std::string Text() const;
};

reference::Fields DrawFields(Trial& trial, const FieldCase& c);

// Segments by row, ascending; their records are the places of fields.
reference::Segments PlacesByRow(const reference::Fields& fields);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_WORKER_GPU_OPS_TESTING_FIELD_DATA_H_
