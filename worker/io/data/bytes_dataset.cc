#include "worker/io/data/bytes_dataset.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "worker/io/data/batch_limit.h"

namespace paceline::worker {

absl::StatusOr<std::unique_ptr<BytesDataset>> BytesDataset::Open(std::unique_ptr<DataBytes> bytes,
                                                                 uint64_t window) {
  if (window < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(bytes->path(),
                     ": windows of at least 2 bytes expected (data.features, which a language "
                     "model sets to its context + 1), got ",
                     window));
  }
  if (bytes->size() < window) {
    return absl::InvalidArgumentError(absl::StrCat(bytes->path(), ": at least one window of ",
                                                   window,
                                                   " bytes expected (model.lm.context + 1)"
                                                   ", got ",
                                                   bytes->size(), " bytes"));
  }
  return std::unique_ptr<BytesDataset>(new BytesDataset(std::move(bytes), window));
}

BytesDataset::BytesDataset(std::unique_ptr<DataBytes> bytes, uint64_t window)
    : bytes_(std::move(bytes)),
      window_(window),
      records_((bytes_->size() - 1) / (window - 1)),
      buffer_(window, '\0') {}

absl::Status BytesDataset::Read(absl::Span<const uint64_t> records, Batch* batch) {
  PL_RETURN_IF_ERROR(StartBatch(/*dense=*/true, window_, records.size(), batch));
  PL_RETURN_IF_ERROR(bytes_->CheckUnchanged());
  batch->dense_values.reserve(records.size() * window_);
  for (const uint64_t record : records) {
    if (record >= records_) {
      return absl::OutOfRangeError(
          absl::StrCat(bytes_->path(), ": record ", record, " of a data set of ", records_));
    }
    PL_RETURN_IF_ERROR(bytes_->ReadAt(record * (window_ - 1), absl::MakeSpan(buffer_)));
    for (const char byte : buffer_) {
      batch->dense_values.push_back(static_cast<float>(static_cast<uint8_t>(byte)));
    }
    batch->labels.push_back(0);
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
