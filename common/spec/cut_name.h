// How a user names a cut: StartSpec.cut, `pacectl submit --from`.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_SPEC_CUT_NAME_H_
#define PACELINE_COMMON_SPEC_CUT_NAME_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline {

struct CutName {
  // 0: named by its folder.
  std::uint64_t job_id = 0;
  // 0: the job's newest, or the best.
  std::uint64_t cut_id = 0;
  // The cut of the job's best evaluation (checkpoint.keep_best).
  bool best = false;
  // Absolute path of the cut's folder, or empty.
  std::string dir;
};

// "12@3", "12@best", "12" or "/cuts/job-12/00000003".
// Errors:  InvalidArgument  none of these; says what is expected and what came.
absl::StatusOr<CutName> ParseCutName(absl::string_view text);

// "12@3".
std::string CutNameText(std::uint64_t job_id, std::uint64_t cut_id);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_CUT_NAME_H_
