// Walks the fields of one CSV record (RFC 4180). Pure.
//
//   CsvFields fields("1,\"a \"\"b\"\"\",3", ',');
//   while (fields.Next()) use(fields.text());
//   if (!fields.status().ok()) ...
//
// Owned by one thread; the record must outlive it.
#ifndef PACELINE_WORKER_CORE_DATA_CSV_FIELDS_H_
#define PACELINE_WORKER_CORE_DATA_CSV_FIELDS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace paceline::worker {

class CsvFields {
 public:
  // Without `quotes` a quote is a character like any other.
  CsvFields(absl::string_view record, char delimiter, bool quotes = true)
      : rest_(record), delimiter_(delimiter), quotes_(quotes) {}

  // Moves to the next field; a record has at least one, which may be empty.
  // False after the last one and after an error.
  bool Next();

  // The present field, without its quotes. Valid until Next.
  absl::string_view text() const { return text_; }
  // Whether the present field was quoted.
  bool quoted() const { return quoted_; }

  // Errors:  InvalidArgument  an unterminated quote, or text after a closing quote.
  const absl::Status& status() const { return status_; }

 private:
  bool NextQuoted();

  absl::string_view rest_;
  const char delimiter_;
  const bool quotes_;
  bool more_ = true;
  bool quoted_ = false;
  absl::string_view text_;
  std::string unescaped_;
  absl::Status status_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_CSV_FIELDS_H_
