#include "worker/core/data/record_scanner.h"

#include <utility>

#include "absl/strings/match.h"

namespace paceline::worker {

namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kNone = absl::string_view::npos;

uint64_t CountLines(absl::string_view text) {
  uint64_t lines = 0;
  for (size_t at = text.find('\n'); at != kNone; at = text.find('\n', at + 1)) ++lines;
  return lines;
}

}  // namespace

bool RecordScanner::Feed(absl::string_view bytes, Sink sink) {
  bool stopped = false;
  if (pending_.empty()) {
    const size_t used = Scan(bytes, sink, &stopped);
    pending_.assign(bytes.data() + used, bytes.size() - used);
  } else {
    pending_.append(bytes.data(), bytes.size());
    pending_.erase(0, Scan(pending_, sink, &stopped));
  }
  return !stopped;
}

bool RecordScanner::Finish(Sink sink) {
  const std::string last = std::move(pending_);
  pending_.clear();
  if (skipping_ || last.empty()) return true;
  return Emit(last, false, sink);
}

size_t RecordScanner::Scan(absl::string_view data, Sink sink, bool* stopped) {
  size_t at = 0;
  // Moves on to `next`, which follows a line break unless inside a skipped record.
  const auto advance = [&](size_t next) {
    line_ += CountLines(data.substr(at, next - at));
    offset_ += next - at;
    at = next;
  };
  while (at < data.size() && !*stopped) {
    if (skipping_) {
      const size_t end = data.find('\n', at);
      skipping_ = end == kNone;
      advance(skipping_ ? data.size() : end + 1);
      continue;
    }
    const size_t end = FindEnd(data, at);
    const size_t length = (end == kNone ? data.size() : end) - at;
    if (length > syntax_.max_record_bytes) {
      *stopped = !Emit({}, true, sink);
      advance(at + syntax_.max_record_bytes);
      skipping_ = true;
      continue;
    }
    if (end == kNone) break;
    *stopped = !Emit(data.substr(at, length), false, sink);
    advance(end + 1);
  }
  return at;
}

size_t RecordScanner::FindEnd(absl::string_view data, size_t from) const {
  const size_t line_end = data.find('\n', from);
  if (line_end == kNone || !syntax_.quoted) return line_end;
  if (data.substr(from, line_end - from).find('"') == kNone) return line_end;

  bool field_start = true;
  bool in_quotes = false;
  for (size_t i = from; i < data.size(); ++i) {
    const char c = data[i];
    if (in_quotes) {
      if (c != '"') continue;
      if (i + 1 < data.size() && data[i + 1] == '"') {
        ++i;
        continue;
      }
      in_quotes = false;
    } else if (c == '\n') {
      return i;
    } else if (c == '"' && field_start) {
      in_quotes = true;
    }
    field_start = !in_quotes && c == syntax_.delimiter;
  }
  return kNone;
}

bool RecordScanner::Emit(absl::string_view text, bool too_long, Sink sink) const {
  ScannedRecord record{offset_, line_, text, too_long};
  if (record.offset == 0 && absl::StartsWith(text, kByteOrderMark)) {
    record.text.remove_prefix(kByteOrderMark.size());
    record.offset = kByteOrderMark.size();
  }
  if (absl::EndsWith(record.text, "\r")) record.text.remove_suffix(1);
  if (!too_long && IsBlank(record.text)) return true;
  return sink(record);
}

bool RecordScanner::IsBlank(absl::string_view text) const {
  for (const char c : text) {
    if (syntax_.comment != 0 && c == syntax_.comment) return true;
    // A delimiter separates fields, even if it looks like a blank.
    if ((c != ' ' && c != '\t') || c == syntax_.delimiter) return false;
  }
  return true;
}

}  // namespace paceline::worker
