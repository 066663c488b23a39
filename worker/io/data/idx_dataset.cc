#include "worker/io/data/idx_dataset.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "worker/io/data/batch_limit.h"

namespace paceline::worker {

namespace {

absl::StatusOr<IdxHeader> ReadHeader(const DataBytes& bytes) {
  std::string start(std::min(bytes.size(), kMaxIdxHeaderBytes), '\0');
  PL_RETURN_IF_ERROR(bytes.ReadAt(0, absl::MakeSpan(start)));
  absl::StatusOr<IdxHeader> header = ParseIdxHeader(start);
  if (!header.ok()) {
    return absl::Status(header.status().code(),
                        absl::StrCat(bytes.path(), ": ", header.status().message()));
  }
  if (header->file_bytes() != bytes.size()) {
    return absl::DataLossError(absl::StrCat(bytes.path(), ": ", header->file_bytes(),
                                            " bytes expected for ", header->records,
                                            " records, got ", bytes.size()));
  }
  return header;
}

// The largest label + 1.
absl::StatusOr<uint32_t> CountClasses(const DataBytes& labels, const IdxHeader& header,
                                      const RecordLimits& limits) {
  constexpr uint64_t kPieceBytes = uint64_t{1} << 20;
  std::vector<char> piece(std::min(header.records, kPieceBytes));
  uint8_t largest = 0;
  for (uint64_t at = 0; at < header.records; at += piece.size()) {
    const absl::Span<char> part(piece.data(),
                                std::min<uint64_t>(piece.size(), header.records - at));
    PL_RETURN_IF_ERROR(labels.ReadAt(header.header_bytes + at, part));
    for (size_t i = 0; i < part.size(); ++i) {
      const auto label = static_cast<uint8_t>(part[i]);
      if (const absl::Status status = CheckLabel(label, limits); !status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(labels.path(), ": record ", at + i, ": ", status.message()));
      }
      largest = std::max(largest, label);
    }
  }
  return uint32_t{largest} + 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<IdxDataset>> IdxDataset::Open(std::unique_ptr<DataBytes> images,
                                                             std::unique_ptr<DataBytes> labels,
                                                             const RecordLimits& limits) {
  PL_ASSIGN_OR_RETURN(const IdxHeader images_header, ReadHeader(*images));
  PL_ASSIGN_OR_RETURN(const IdxHeader labels_header, ReadHeader(*labels));
  if (labels_header.dimensions.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        labels->path(), ": labels of 1 dimension expected, got ", labels_header.dimensions.size()));
  }
  if (labels_header.records != images_header.records) {
    return absl::InvalidArgumentError(absl::StrCat(labels->path(), ": ", images_header.records,
                                                   " labels expected as in ", images->path(),
                                                   ", got ", labels_header.records));
  }
  if (images_header.records == 0) {
    return absl::InvalidArgumentError(absl::StrCat(images->path(), ": no records"));
  }
  if (limits.features != 0 && limits.features != images_header.record_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(images->path(), ": ", limits.features,
                                                   " features expected, got ",
                                                   images_header.record_bytes, " pixels"));
  }
  PL_ASSIGN_OR_RETURN(const uint32_t classes, CountClasses(*labels, labels_header, limits));
  return std::unique_ptr<IdxDataset>(new IdxDataset(
      std::move(images), std::move(labels), images_header, labels_header, classes, limits.scale));
}

IdxDataset::IdxDataset(std::unique_ptr<DataBytes> images, std::unique_ptr<DataBytes> labels,
                       const IdxHeader& images_header, const IdxHeader& labels_header,
                       uint32_t classes, float scale)
    : images_(std::move(images)),
      labels_(std::move(labels)),
      images_header_(images_header),
      labels_header_(labels_header),
      classes_(classes),
      scale_(scale) {}

absl::Status IdxDataset::Read(absl::Span<const uint64_t> records, Batch* batch) {
  const uint64_t pixels = features();
  PL_RETURN_IF_ERROR(StartBatch(/*dense=*/true, pixels, records.size(), batch));
  PL_RETURN_IF_ERROR(images_->CheckUnchanged());
  PL_RETURN_IF_ERROR(labels_->CheckUnchanged());
  batch->dense_values.resize(records.size() * pixels);
  pixels_.resize(pixels);
  float* out = batch->dense_values.data();
  for (const uint64_t record : records) {
    if (record >= images_header_.records) {
      return absl::OutOfRangeError(absl::StrCat(images_->path(), ": record ", record,
                                                " of a data set of ", images_header_.records));
    }
    PL_RETURN_IF_ERROR(
        images_->ReadAt(images_header_.header_bytes + record * pixels, absl::MakeSpan(pixels_)));
    char label = 0;
    PL_RETURN_IF_ERROR(
        labels_->ReadAt(labels_header_.header_bytes + record, absl::MakeSpan(&label, 1)));
    for (const char pixel : pixels_) {
      *out++ = static_cast<float>(static_cast<uint8_t>(pixel)) * scale_;
    }
    batch->labels.push_back(static_cast<float>(static_cast<uint8_t>(label)));
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
