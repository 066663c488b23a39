#include "scheduler/io/shard_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/cut/verified_file.h"
#include "common/status/status_macros.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kBufferBytes = uint64_t{1} << 20;

absl::StatusOr<const TensorInfo*> FindTensor(const SafetensorsReader& reader,
                                             const std::string& path, absl::string_view name,
                                             DType dtype, size_t dimensions) {
  const TensorInfo* tensor = reader.Find(name);
  if (tensor == nullptr || tensor->spec.dtype != dtype || tensor->spec.shape.size() != dimensions) {
    return absl::DataLossError(absl::StrCat(path, ": tensor ", name, ": ", DTypeName(dtype), " of ",
                                            dimensions, " dimensions expected, got ",
                                            tensor == nullptr ? "none" : "another"));
  }
  return tensor;
}

}  // namespace

ShardRows::ShardRows(std::string path, std::unique_ptr<SafetensorsReader> reader)
    : path_(std::move(path)), reader_(std::move(reader)) {}

absl::StatusOr<std::unique_ptr<ShardRows>> ShardRows::Open(const CutFolder& folder,
                                                           const v1::CutFile& file,
                                                           const v1::TableSpec& table,
                                                           const v1::ShardSpec& shard) {
  const std::string path = folder.PathOf(file.name());
  PL_ASSIGN_OR_RETURN(std::unique_ptr<VerifiedFile> verified, VerifiedFile::Open(folder, file));
  PL_ASSIGN_OR_RETURN(std::unique_ptr<SafetensorsReader> reader,
                      SafetensorsReader::Open(std::move(verified), path));
  std::unique_ptr<ShardRows> rows(new ShardRows(path, std::move(reader)));
  PL_ASSIGN_OR_RETURN(rows->rows_, FindTensor(*rows->reader_, path, "rows", DType::kF32, 2));
  rows->count_ = rows->rows_->spec.shape[0];
  rows->row_bytes_ = uint64_t{table.dim()} * sizeof(float);
  rows->first_row_ = shard.first_row();
  if (rows->rows_->spec.shape[1] != table.dim()) {
    return absl::DataLossError(absl::StrCat(path, ": table ", table.name(), ": dim ", table.dim(),
                                            " expected, got ", rows->rows_->spec.shape[1]));
  }
  if (table.kind() == v1::TABLE_KIND_SPARSE) {
    PL_ASSIGN_OR_RETURN(rows->keys_, FindTensor(*rows->reader_, path, "keys", DType::kU64, 1));
    if (rows->keys_->spec.shape[0] != rows->count_) {
      return absl::DataLossError(absl::StrCat(path, ": ", rows->count_, " keys expected, got ",
                                              rows->keys_->spec.shape[0]));
    }
  } else if (rows->count_ != shard.rows()) {
    return absl::DataLossError(absl::StrCat(path, ": table ", table.name(), ": ", shard.rows(),
                                            " rows expected, got ", rows->count_));
  }
  return rows;
}

absl::Status ShardRows::Fill() {
  before_ += buffered_;
  next_ = 0;
  const uint64_t fit = std::max<uint64_t>(1, kBufferBytes / std::max<uint64_t>(row_bytes_, 1));
  buffered_ = std::min(count_ - before_, fit);
  row_buffer_.resize(buffered_ * row_bytes_);
  PL_RETURN_IF_ERROR(reader_->Read(*rows_, before_ * row_bytes_, absl::MakeSpan(row_buffer_)));
  if (keys_ == nullptr) return absl::OkStatus();
  key_buffer_.resize(buffered_);
  return reader_->Read(*keys_, before_ * sizeof(uint64_t),
                       absl::MakeSpan(reinterpret_cast<char*>(key_buffer_.data()),
                                      key_buffer_.size() * sizeof(uint64_t)));
}

absl::StatusOr<bool> ShardRows::Next() {
  if (before_ + next_ == count_) return false;
  if (next_ == buffered_) PL_RETURN_IF_ERROR(Fill());
  const uint64_t key = keys_ == nullptr ? first_row_ + before_ + next_ : key_buffer_[next_];
  if (started_ && key <= key_) {
    return absl::DataLossError(
        absl::StrCat(path_, ": key ", key, " follows ", key_, ": keys must ascend"));
  }
  started_ = true;
  key_ = key;
  ++next_;
  return true;
}

absl::string_view ShardRows::row() const {
  return {row_buffer_.data() + (next_ - 1) * row_bytes_, row_bytes_};
}

}  // namespace paceline::scheduler
