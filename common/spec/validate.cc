#include "common/spec/validate.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/spec/defaults.h"
#include "common/spec/rules.h"

namespace paceline {
namespace spec_rules {

bool IsDataless(v1::ModelKind kind) {
  return kind == v1::MODEL_KIND_COUNTING || kind == v1::MODEL_KIND_LAYERS;
}

void RefuseIf(bool given, const std::string& path, const std::string& when,
              std::vector<Problem>* problems) {
  if (given) {
    problems->push_back(Complaint(path, absl::StrCat("allowed only with ", when)));
  }
}

}  // namespace spec_rules

namespace {

constexpr size_t kMaxNameBytes = 63;

bool IsName(const std::string& name) {
  const auto letter_or_digit = [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c);
  };
  return !name.empty() && name.size() <= kMaxNameBytes && letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](unsigned char c) {
           return letter_or_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

std::vector<Problem> Validate(const v1::JobSpec& given) {
  const v1::JobSpec spec = WithDefaults(given);
  std::vector<Problem> problems;
  if (!IsName(spec.name())) {
    problems.push_back(Expected("name", "1 to 63 of [a-z0-9._-], starting with a letter or digit",
                                spec.name().empty() ? "none" : spec.name()));
  }
  spec_rules::CheckRanges(spec, "", &problems);
  spec_rules::CheckModel(spec, &problems);
  spec_rules::CheckCnn(spec, &problems);
  spec_rules::CheckLibrary(spec, &problems);
  spec_rules::CheckData(spec, &problems);
  spec_rules::CheckLm(spec, &problems);
  spec_rules::CheckCtr(spec, &problems);
  spec_rules::CheckTrain(spec, &problems);
  spec_rules::CheckCheckpoint(spec, &problems);
  spec_rules::CheckCompression(spec, &problems);
  spec_rules::CheckSparse(spec, &problems);
  spec_rules::CheckStart(spec, &problems);
  spec_rules::CheckOutput(spec, &problems);
  spec_rules::CheckEvaluation(spec, &problems);
  return problems;
}

}  // namespace paceline
