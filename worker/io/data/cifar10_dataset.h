// The binary files of CIFAR-10: records of a label byte, 0 to 9, and 3072 bytes of an image,
// its red, green and blue plane of 32 x 32 each. A record is the image's bytes as float32,
// times the scale: a dense row. Any number of records; batches may be put behind one another.
//
// Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_IO_DATA_CIFAR10_DATASET_H_
#define PACELINE_WORKER_IO_DATA_CIFAR10_DATASET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/core/data/record_parser.h"
#include "worker/core/dataset.h"
#include "worker/io/data/data_bytes.h"

namespace paceline::worker {

class Cifar10Dataset final : public Dataset {
 public:
  static constexpr uint64_t kPixels = 3 * 32 * 32;
  static constexpr uint64_t kRecordBytes = 1 + kPixels;
  static constexpr uint32_t kClasses = 10;

  // Every error names the file.
  // Errors:  InvalidArgument  limits.features other than kPixels; a label outside 0 to 9 or
  //                           limits.classes (whatever on_bad_record says: then the job is
  //                           wrong, not the record).
  //          DataLoss         a size that is no multiple of kRecordBytes.
  static absl::StatusOr<std::unique_ptr<Cifar10Dataset>> Open(std::unique_ptr<DataBytes> bytes,
                                                              const RecordLimits& limits);

  uint64_t records() const override { return bytes_->size() / kRecordBytes; }
  uint64_t features() const override { return kPixels; }
  uint32_t classes() const override { return kClasses; }
  uint64_t dense_values() const override { return features(); }
  uint64_t bad_records() const override { return 0; }
  // Errors:  OutOfRange, DataLoss as Dataset::Read; ResourceExhausted above
  //          kMaxBatchBytes; those of reading the file.
  absl::Status Read(absl::Span<const uint64_t> records, Batch* batch) override;

 private:
  Cifar10Dataset(std::unique_ptr<DataBytes> bytes, float scale);

  const std::unique_ptr<DataBytes> bytes_;
  const float scale_;
  std::string record_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_CIFAR10_DATASET_H_
