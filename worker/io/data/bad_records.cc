#include "worker/io/data/bad_records.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace paceline::worker {

namespace {

std::string Describe(const std::string& path, const BadRecord& bad) {
  return absl::StrCat(path, ":", bad.line, ": record ", bad.record, ": ", bad.reason);
}

}  // namespace

BadRecordRule BadRecordRule::FromSpec(const v1::DataSpec& spec) {
  BadRecordRule rule;
  rule.skip = spec.on_bad_record() == v1::BAD_RECORD_POLICY_SKIP;
  if (rule.skip) rule.max = spec.has_max_bad_records() ? spec.max_bad_records() : kDefaultMax;
  return rule;
}

absl::Status BadRecordRule::Check(const std::string& path, const RecordIndex& index) const {
  if (index.bad.size() <= max) return absl::OkStatus();
  if (!skip) return absl::InvalidArgumentError(Describe(path, index.shown_bad.front()));
  return absl::ResourceExhaustedError(absl::StrCat(
      path, ": more than data.max_bad_records = ", max, " bad records; the first: ",
      absl::StrJoin(index.shown_bad, "; ", [&](std::string* out, const BadRecord& bad) {
        absl::StrAppend(out, Describe(path, bad));
      })));
}

}  // namespace paceline::worker
