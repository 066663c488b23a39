#include "worker/io/data/cifar10_dataset.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "worker/io/data/batch_limit.h"

namespace paceline::worker {
namespace {

// Every label, read in pieces of whole records.
absl::Status CheckLabels(const DataBytes& bytes, const RecordLimits& limits) {
  constexpr uint64_t kPieceBytes = 256 * Cifar10Dataset::kRecordBytes;
  std::string piece(std::min(bytes.size(), kPieceBytes), '\0');
  for (uint64_t at = 0; at < bytes.size(); at += piece.size()) {
    piece.resize(std::min<uint64_t>(piece.size(), bytes.size() - at));
    PL_RETURN_IF_ERROR(bytes.ReadAt(at, absl::MakeSpan(piece)));
    for (uint64_t i = 0; i < piece.size(); i += Cifar10Dataset::kRecordBytes) {
      const absl::Status status = CheckLabel(static_cast<uint8_t>(piece[i]), limits);
      if (status.ok()) continue;
      return absl::InvalidArgumentError(absl::StrCat(bytes.path(), ": record ",
                                                     (at + i) / Cifar10Dataset::kRecordBytes, ": ",
                                                     status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Cifar10Dataset>> Cifar10Dataset::Open(
    std::unique_ptr<DataBytes> bytes, const RecordLimits& limits) {
  if (bytes->size() == 0 || bytes->size() % kRecordBytes != 0) {
    return absl::DataLossError(absl::StrCat(bytes->path(), ": a multiple of ", kRecordBytes,
                                            " bytes expected (a label and ", kPixels,
                                            " pixels), got ", bytes->size()));
  }
  if (limits.features != 0 && limits.features != kPixels) {
    return absl::InvalidArgumentError(absl::StrCat(bytes->path(), ": ", limits.features,
                                                   " features expected, got ", kPixels, " pixels"));
  }
  RecordLimits ten = limits;
  ten.classes = limits.classes == 0 ? kClasses : std::min(limits.classes, kClasses);
  PL_RETURN_IF_ERROR(CheckLabels(*bytes, ten));
  return std::unique_ptr<Cifar10Dataset>(new Cifar10Dataset(std::move(bytes), limits.scale));
}

Cifar10Dataset::Cifar10Dataset(std::unique_ptr<DataBytes> bytes, float scale)
    : bytes_(std::move(bytes)), scale_(scale), record_(kRecordBytes, '\0') {}

absl::Status Cifar10Dataset::Read(absl::Span<const uint64_t> records, Batch* batch) {
  PL_RETURN_IF_ERROR(StartBatch(/*dense=*/true, kPixels, records.size(), batch));
  PL_RETURN_IF_ERROR(bytes_->CheckUnchanged());
  batch->dense_values.resize(records.size() * kPixels);
  float* out = batch->dense_values.data();
  for (const uint64_t record : records) {
    if (record >= this->records()) {
      return absl::OutOfRangeError(
          absl::StrCat(bytes_->path(), ": record ", record, " of a data set of ", this->records()));
    }
    PL_RETURN_IF_ERROR(bytes_->ReadAt(record * kRecordBytes, absl::MakeSpan(record_)));
    batch->labels.push_back(static_cast<float>(static_cast<uint8_t>(record_[0])));
    for (uint64_t i = 1; i < kRecordBytes; ++i) {
      *out++ = static_cast<float>(static_cast<uint8_t>(record_[i])) * scale_;
    }
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
