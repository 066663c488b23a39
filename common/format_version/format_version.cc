#include "common/format_version/format_version.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace paceline {

absl::Status CheckFormatVersion(absl::string_view what, uint64_t newest, uint64_t got) {
  if (got >= 1 && got <= newest) return absl::OkStatus();
  const std::string text =
      absl::StrCat(what, ": format version ", got, ", this program reads 1 to ", newest);
  if (got == 0) return absl::DataLossError(text);
  return absl::FailedPreconditionError(absl::StrCat(text, "; a newer program wrote it"));
}

}  // namespace paceline
