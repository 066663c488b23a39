#include "worker/io/data/record_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/check.h"
#include "common/status/status_macros.h"

namespace paceline::worker {

namespace {

// Groups of records are scanned in pieces of this size.
constexpr uint64_t kPieceBytes = uint64_t{1} << 20;

}  // namespace

absl::StatusOr<absl::string_view> RecordReader::Read(uint64_t record) {
  PL_CHECK_LT(record, index_->records);
  const uint64_t end = index_->GroupEnd(record);
  uint64_t at = index_->GroupBegin(record);
  uint64_t to_skip = record % index_->stride;
  bool found = false;
  const auto sink = [&](const ScannedRecord& scanned) {
    if (to_skip-- > 0) return true;
    text_.assign(scanned.text.data(), scanned.text.size());
    found = !scanned.too_long;
    return false;
  };
  RecordScanner scanner(syntax_, at);
  while (at < end) {
    const uint64_t next = std::min(end, at + kPieceBytes);
    PL_ASSIGN_OR_RETURN(const absl::string_view piece, Bytes(at, next));
    at = next;
    if (!scanner.Feed(piece, sink)) break;
    if (at == end) scanner.Finish(sink);
  }
  if (!found) {
    return absl::DataLossError(absl::StrCat(bytes_->path(), ": no record ", record, " in bytes ",
                                            index_->GroupBegin(record), " to ", end,
                                            ": the file changed since it was indexed"));
  }
  return text_;
}

absl::StatusOr<absl::string_view> RecordReader::Bytes(uint64_t begin, uint64_t end) {
  const uint64_t window_end = window_begin_ + window_.size();
  if (begin < window_begin_ || end > window_end) {
    // Just behind what was read last: records are asked for in order.
    const bool in_order = begin >= window_begin_ && begin <= window_end + kReadAhead;
    const uint64_t wanted = in_order && !window_.empty() ? std::max(end, begin + kReadAhead) : end;
    const uint64_t read_end = std::min(wanted, std::max(end, bytes_->size()));
    window_begin_ = begin;
    window_.resize(read_end - begin);
    const absl::Status status = bytes_->ReadAt(begin, absl::MakeSpan(window_));
    if (!status.ok()) {
      window_.clear();
      return status;
    }
  }
  return absl::string_view(window_).substr(begin - window_begin_, end - begin);
}

}  // namespace paceline::worker
