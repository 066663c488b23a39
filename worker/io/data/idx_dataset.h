// MNIST IDX data sets: one file of images, one of labels, both unsigned bytes.
// A record is the image's bytes as float32, times the scale: a dense row.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_IO_DATA_IDX_DATASET_H_
#define PACELINE_WORKER_IO_DATA_IDX_DATASET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/core/data/idx_header.h"
#include "worker/core/data/record_parser.h"
#include "worker/core/dataset.h"
#include "worker/io/data/data_bytes.h"

namespace paceline::worker {

class IdxDataset final : public Dataset {
 public:
  // Errors:  those of ParseIdxHeader, naming the file.
  //          InvalidArgument  labels that are not one byte per record, a number of
  //                           labels other than that of images, no records, a number
  //                           of pixels other than limits.features, a label outside
  //                           limits.classes (whatever on_bad_record says: then the
  //                           job is wrong, not the record).
  //          DataLoss         a file shorter or longer than its header says.
  static absl::StatusOr<std::unique_ptr<IdxDataset>> Open(std::unique_ptr<DataBytes> images,
                                                          std::unique_ptr<DataBytes> labels,
                                                          const RecordLimits& limits);

  uint64_t records() const override { return images_header_.records; }
  uint64_t features() const override { return images_header_.record_bytes; }
  uint32_t classes() const override { return classes_; }
  uint64_t dense_values() const override { return images_header_.record_bytes; }
  uint64_t bad_records() const override { return 0; }
  // Errors:  OutOfRange, DataLoss as Dataset::Read; ResourceExhausted above
  //          kMaxBatchBytes; those of reading the files.
  absl::Status Read(absl::Span<const uint64_t> records, Batch* batch) override;

 private:
  IdxDataset(std::unique_ptr<DataBytes> images, std::unique_ptr<DataBytes> labels,
             const IdxHeader& images_header, const IdxHeader& labels_header, uint32_t classes,
             float scale);

  const std::unique_ptr<DataBytes> images_;
  const std::unique_ptr<DataBytes> labels_;
  const IdxHeader images_header_;
  const IdxHeader labels_header_;
  const uint32_t classes_;
  const float scale_;
  std::string pixels_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_IDX_DATASET_H_
