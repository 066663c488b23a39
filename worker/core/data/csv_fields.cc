#include "worker/core/data/csv_fields.h"

#include "absl/strings/str_cat.h"
#include "worker/core/data/number.h"

namespace paceline::worker {

bool CsvFields::Next() {
  if (!more_) return false;
  if (quotes_ && !rest_.empty() && rest_.front() == '"') return NextQuoted();
  quoted_ = false;
  const size_t end = rest_.find(delimiter_);
  text_ = rest_.substr(0, end);
  more_ = end != absl::string_view::npos;
  rest_.remove_prefix(more_ ? end + 1 : rest_.size());
  return true;
}

bool CsvFields::NextQuoted() {
  quoted_ = true;
  unescaped_.clear();
  rest_.remove_prefix(1);
  while (true) {
    const size_t quote = rest_.find('"');
    if (quote == absl::string_view::npos) {
      status_ =
          absl::InvalidArgumentError(absl::StrCat("unterminated quote before ", Quoted(rest_)));
      more_ = false;
      return false;
    }
    unescaped_.append(rest_.data(), quote);
    rest_.remove_prefix(quote + 1);
    if (rest_.empty() || rest_.front() != '"') break;
    unescaped_.push_back('"');
    rest_.remove_prefix(1);
  }
  text_ = unescaped_;
  if (rest_.empty()) {
    more_ = false;
    return true;
  }
  if (rest_.front() != delimiter_) {
    status_ = absl::InvalidArgumentError(
        absl::StrCat("a delimiter expected after a closing quote, got ", Quoted(rest_)));
    more_ = false;
    return false;
  }
  rest_.remove_prefix(1);
  return true;
}

}  // namespace paceline::worker
