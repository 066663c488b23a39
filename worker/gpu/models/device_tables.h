// The tables of a job on a GPU: rows and keys as the rank pulled them.
#ifndef PACELINE_WORKER_GPU_MODELS_DEVICE_TABLES_H_
#define PACELINE_WORKER_GPU_MODELS_DEVICE_TABLES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/core/model.h"
#include "worker/gpu/models/copies.h"
#include "worker/gpu/models/step_trace.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Thread-compatible; the GPU outlives it.
class DeviceTables {
 public:
  static absl::StatusOr<DeviceTables> Create(gpu::Gpu* gpu,
                                             const std::vector<v1::TableSpec>& tables);

  // Begins to copy rows of one table, which have this version (not 0) and stay until Wait.
  absl::Status Upload(int table, absl::Span<const float> rows, uint64_t version);
  // The host waits for what Upload has begun.
  absl::Status Wait();
  // Begins to copy all that is not there with the version that it has. Later work of
  // `compute` waits for it. The parameters stay until that is done.
  absl::Status Bring(const Parameters& parameters, const gpu::Stream& compute);
  // What is there has no version any more.
  void Forget();

  // Adds the spans of what was copied since it was last called, and is done.
  void Trace(StepTrace* trace, uint64_t iteration);

  uint64_t dim(int table) const { return tables_[table].dim; }
  uint64_t row_count(int table) const { return tables_[table].row_count; }
  uint64_t value_count(int table) const { return row_count(table) * dim(table); }
  const float* rows(int table) const { return tables_[table].rows.as<float>(); }
  const uint64_t* keys(int table) const { return tables_[table].keys.as<uint64_t>(); }

 private:
  struct Table {
    uint64_t dim;
    uint64_t row_count = 0;
    // Of what is there, or is on its way; 0: nothing of use.
    uint64_t version = 0;
    // Begun since Trace.
    bool copied = false;
    gpu::DeviceBuffer rows;
    gpu::DeviceBuffer keys;
    CopyIn copy_rows;
    CopyIn copy_keys;
  };

  DeviceTables(gpu::Stream stream, std::vector<Table> tables)
      : stream_(std::move(stream)), tables_(std::move(tables)) {}
  absl::Status Copy(Table* table, absl::Span<const float> rows, uint64_t version);

  gpu::Stream stream_;
  std::vector<Table> tables_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_DEVICE_TABLES_H_
