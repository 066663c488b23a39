// What the cases of the sparse operators share: their shapes, their batches on the
// device, the comparison of a gradient by rows.
#ifndef PACELINE_WORKER_GPU_OPS_TESTING_SPARSE_CASES_H_
#define PACELINE_WORKER_GPU_OPS_TESTING_SPARSE_CASES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/testing/sparse_data.h"
#include "worker/gpu/ops/testing/trial.h"

namespace paceline::gpu::testing {

struct SparseCase {
  SparseShape shape;
  uint32_t dim = 0;
  // Where tables start, behind a multiple of 256 bytes.
  size_t shift = 0;

  std::string Text() const;
};

// Few and many records, entries and columns; records and segments that are long.
std::vector<SparseCase> SparseShapes(bool large);

struct DeviceRecords {
  const uint32_t* offsets;
  const uint32_t* rows;
  const float* values;
};
DeviceRecords Upload(Trial& trial, const reference::Records& records);

struct DeviceSegments {
  const uint32_t* rows;
  const uint32_t* offsets;
  const uint32_t* records;
  const float* values;
};
DeviceSegments Upload(Trial& trial, const reference::Segments& segments);

// The rows of segments are near `want`, the others are still poisoned.
void CheckRows(Trial& trial, const reference::Segments& segments, uint32_t dim,
               const std::vector<float>& got, const std::vector<double>& want);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_WORKER_GPU_OPS_TESTING_SPARSE_CASES_H_
