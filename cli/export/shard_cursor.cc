#include "cli/export/shard_cursor.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr uint64_t kBlockBytes = 64 << 10;

}  // namespace

ShardCursor::ShardCursor(const SafetensorsReader* reader, bool with_rows)
    : reader_(reader),
      with_rows_(with_rows),
      count_(reader->Find("keys")->spec.shape[0]),
      row_bytes_(reader->Find("rows")->spec.shape[1] * sizeof(float)) {}

absl::Status ShardCursor::LoadBlock() {
  const uint64_t widest = std::max<uint64_t>(sizeof(uint64_t), with_rows_ ? row_bytes_ : 0);
  const uint64_t size =
      std::min(count_ - block_begin_, std::max<uint64_t>(1, kBlockBytes / widest));
  keys_.resize(size);
  PL_RETURN_IF_ERROR(reader_->Read(
      *reader_->Find("keys"), block_begin_ * sizeof(uint64_t),
      absl::MakeSpan(reinterpret_cast<char*>(keys_.data()), size * sizeof(uint64_t))));
  if (!with_rows_) {
    return absl::OkStatus();
  }
  rows_.resize(size * row_bytes_);
  return reader_->Read(*reader_->Find("rows"), block_begin_ * row_bytes_,
                       absl::MakeSpan(rows_.data(), rows_.size()));
}

absl::Status ShardCursor::Next() {
  const bool first = keys_.empty();
  const uint64_t before = first ? 0 : key();
  if (first || in_block_ + 1 == keys_.size()) {
    block_begin_ += keys_.size();
    in_block_ = 0;
    if (block_begin_ == count_) {
      done_ = true;
      return absl::OkStatus();
    }
    PL_RETURN_IF_ERROR(LoadBlock());
  } else {
    ++in_block_;
  }
  if (!first && key() <= before) {
    return absl::DataLossError(
        absl::StrCat("keys: one greater than ", before, " expected, got ", key()));
  }
  return absl::OkStatus();
}

}  // namespace paceline::cli
