#include "worker/io/data/open_dataset.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "common/tables/ctr_tables.h"
#include "worker/core/data/text_format.h"
#include "worker/io/data/bad_records.h"
#include "worker/io/data/bytes_dataset.h"
#include "worker/io/data/cifar10_dataset.h"
#include "worker/io/data/data_bytes.h"
#include "worker/io/data/idx_dataset.h"
#include "worker/io/data/text_dataset.h"

namespace paceline::worker {

namespace {

absl::StatusOr<std::unique_ptr<DataBytes>> OpenBytes(FileSystem* fs, const char* what,
                                                     const std::string& path,
                                                     const std::string& index_dir) {
  if (path.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the job names no ", what, " file"));
  }
  absl::StatusOr<std::unique_ptr<DataBytes>> bytes = DataBytes::Open(fs, path, index_dir);
  if (bytes.ok()) return bytes;
  return absl::Status(bytes.status().code(),
                      absl::StrCat("the job's ", what, " file: ", bytes.status().message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const v1::DataFile& file,
                                                     const v1::DataSpec& spec, FileSystem* fs,
                                                     const std::string& index_dir,
                                                     CategoryForm form) {
  if (file.format() == v1::DATA_FORMAT_IDX) {
    PL_ASSIGN_OR_RETURN(std::unique_ptr<DataBytes> images,
                        OpenBytes(fs, "data", file.path(), index_dir));
    PL_ASSIGN_OR_RETURN(std::unique_ptr<DataBytes> labels,
                        OpenBytes(fs, "labels", file.labels(), index_dir));
    return IdxDataset::Open(std::move(images), std::move(labels), LimitsOf(spec));
  }
  if (file.format() == v1::DATA_FORMAT_CIFAR10) {
    PL_ASSIGN_OR_RETURN(std::unique_ptr<DataBytes> bytes,
                        OpenBytes(fs, "data", file.path(), index_dir));
    return Cifar10Dataset::Open(std::move(bytes), LimitsOf(spec));
  }
  if (file.format() == v1::DATA_FORMAT_TEXT) {
    PL_ASSIGN_OR_RETURN(std::unique_ptr<DataBytes> bytes,
                        OpenBytes(fs, "data", file.path(), index_dir));
    return BytesDataset::Open(std::move(bytes), spec.features());
  }
  absl::StatusOr<TextFormat> format = MakeTextFormat(file, spec, form);
  if (!format.ok()) {
    return absl::Status(format.status().code(),
                        absl::StrCat(file.path(), ": ", format.status().message()));
  }
  PL_ASSIGN_OR_RETURN(std::unique_ptr<DataBytes> bytes,
                      OpenBytes(fs, "data", file.path(), index_dir));
  return TextDataset::Open(fs, index_dir, std::move(bytes), *format, BadRecordRule::FromSpec(spec));
}

CategoryForm CategoryFormOf(v1::ModelKind kind) {
  return IsCtrModel(kind) ? CategoryForm::kFields : CategoryForm::kCsr;
}

}  // namespace paceline::worker
