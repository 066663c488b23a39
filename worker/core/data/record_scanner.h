// Cuts a stream of text into records.
//
// A record is a line, without its LF or CRLF; with `quoted` a line break inside
// CSV quotes belongs to the record. Blank lines, and lines that hold only a
// comment, are not records. A UTF-8 byte order mark at the start of the file is
// skipped. A record that has more than max_record_bytes is reported without its
// text, and ends at the first line break after as many bytes: a quote that is
// never closed costs one record, not the rest of the file.
//
// What it finds does not depend on how the stream is cut into Feed calls.
// Memory: at most max_record_bytes plus one Feed. Owned by one thread.
#ifndef PACELINE_WORKER_CORE_DATA_RECORD_SCANNER_H_
#define PACELINE_WORKER_CORE_DATA_RECORD_SCANNER_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "worker/core/data/record_parser.h"

namespace paceline::worker {

struct TextSyntax {
  // Line breaks inside quotes belong to the record.
  bool quoted = false;
  // Behind it a field, and so a quote, may start; it is no blank. 0: none.
  char delimiter = ',';
  // From this character on, a line is a comment. 0: none.
  char comment = 0;
  uint64_t max_record_bytes = kMaxRecordBytes;
};

struct ScannedRecord {
  // Of its first byte in the file.
  uint64_t offset = 0;
  // Of its first line, counted from 1.
  uint64_t line = 0;
  // Valid during the call only. Empty if too_long.
  absl::string_view text;
  bool too_long = false;
};

class RecordScanner {
 public:
  // Gets each record in file order; false stops the scan.
  using Sink = absl::FunctionRef<bool(const ScannedRecord&)>;

  // The stream starts at byte `offset` of the file, the start of a line.
  explicit RecordScanner(const TextSyntax& syntax, uint64_t offset = 0)
      : syntax_(syntax), offset_(offset) {}

  // The next bytes. Returns false if the sink stopped the scan.
  bool Feed(absl::string_view bytes, Sink sink);

  // The stream has ended: a last line may lack its line break.
  bool Finish(Sink sink);

 private:
  // Hands out the records that end in `data`; returns the bytes used, and sets
  // `stopped` if the sink returned false.
  size_t Scan(absl::string_view data, Sink sink, bool* stopped);
  // End of the record that starts at `from`: the position of its LF, or npos.
  size_t FindEnd(absl::string_view data, size_t from) const;
  bool Emit(absl::string_view text, bool too_long, Sink sink) const;
  bool IsBlank(absl::string_view text) const;

  const TextSyntax syntax_;
  // Of the first byte not yet used, and its line.
  uint64_t offset_;
  uint64_t line_ = 1;
  // Inside the rest of a record that is too long.
  bool skipping_ = false;
  // The start of a record whose end has not come yet.
  std::string pending_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_RECORD_SCANNER_H_
