#include "common/spec/cut_name.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace paceline {

absl::StatusOr<CutName> ParseCutName(absl::string_view text) {
  CutName name;
  if (absl::StartsWith(text, "/")) {
    name.dir = std::string(text);
    return name;
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '@');
  const bool whole = parts.size() == 1;
  name.best = parts.size() == 2 && parts[1] == "best";
  const bool ok =
      parts.size() <= 2 && absl::SimpleAtoi(parts[0], &name.job_id) && name.job_id != 0 &&
      (whole || name.best || (absl::SimpleAtoi(parts[1], &name.cut_id) && name.cut_id != 0));
  if (ok) return name;
  return absl::InvalidArgumentError(
      absl::StrCat("JOB@CUT, JOB@best, JOB or the absolute path of a cut's folder expected, got \"",
                   text, "\""));
}

std::string CutNameText(std::uint64_t job_id, std::uint64_t cut_id) {
  return absl::StrCat(job_id, "@", cut_id);
}

}  // namespace paceline
