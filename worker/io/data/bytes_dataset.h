// Plain bytes, cut into windows for a language model.
//
// Record r is the bytes [r * (window - 1), r * (window - 1) + window): neighbours share one
// byte, so that every byte but the first is predicted once an epoch. A last window that is
// too short is left out. A batch is dense: bytes as float32 from 0 to 255, labels 0.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_IO_DATA_BYTES_DATASET_H_
#define PACELINE_WORKER_IO_DATA_BYTES_DATASET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/core/dataset.h"
#include "worker/io/data/data_bytes.h"

namespace paceline::worker {

class BytesDataset final : public Dataset {
 public:
  // Errors:  InvalidArgument  a window of less than 2 bytes (data.features), or a file
  //                           without a whole one.
  static absl::StatusOr<std::unique_ptr<BytesDataset>> Open(std::unique_ptr<DataBytes> bytes,
                                                            uint64_t window);

  uint64_t records() const override { return records_; }
  uint64_t features() const override { return window_; }
  uint32_t classes() const override { return 0; }
  uint64_t dense_values() const override { return window_; }
  uint64_t bad_records() const override { return 0; }
  // Errors:  OutOfRange, DataLoss as Dataset::Read; ResourceExhausted above
  //          kMaxBatchBytes; those of reading the file.
  absl::Status Read(absl::Span<const uint64_t> records, Batch* batch) override;

 private:
  BytesDataset(std::unique_ptr<DataBytes> bytes, uint64_t window);

  const std::unique_ptr<DataBytes> bytes_;
  const uint64_t window_;
  const uint64_t records_;
  std::string buffer_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_BYTES_DATASET_H_
