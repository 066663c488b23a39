#include "common/refusal/refusal.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace paceline {

absl::StatusCode RefusalCode(v1::Refusal::Kind kind) {
  switch (kind) {
    case v1::Refusal::STALE_TIMELINE:
    case v1::Refusal::STALE_EPOCH:
    case v1::Refusal::STALE_INCARNATION:
    case v1::Refusal::RANK_NOT_OPEN:
    case v1::Refusal::OUT_OF_ORDER:
    case v1::Refusal::UNKNOWN_KEY_LIST:
      return absl::StatusCode::kFailedPrecondition;
    case v1::Refusal::NOT_YET:
      return absl::StatusCode::kUnavailable;
    case v1::Refusal::UNKNOWN_CODEC:
    case v1::Refusal::INVALID:
    case v1::Refusal::NON_FINITE:
      return absl::StatusCode::kInvalidArgument;
    case v1::Refusal::UNKNOWN_JOB:
      return absl::StatusCode::kNotFound;
    case v1::Refusal::LIMIT:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status RefusalStatus(const v1::Refusal& refusal, absl::string_view message) {
  absl::Status status(RefusalCode(refusal.kind()), message);
  status.SetPayload(kRefusalUrl, absl::Cord(refusal.SerializeAsString()));
  return status;
}

absl::Status MismatchStatus(v1::Refusal::Kind kind, absl::string_view what, uint64_t expected,
                            uint64_t got) {
  v1::Refusal refusal;
  refusal.set_kind(kind);
  refusal.set_expected(expected);
  refusal.set_got(got);
  return RefusalStatus(refusal, absl::StrCat(what, ": ", expected, " expected, got ", got));
}

absl::Status InvalidStatus(absl::string_view message) {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::INVALID);
  return RefusalStatus(refusal, message);
}

std::optional<v1::Refusal> RefusalOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRefusalUrl);
  v1::Refusal refusal;
  if (!payload.has_value() || !refusal.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return refusal;
}

v1::Refusal::Kind RefusalKindOf(const absl::Status& status) {
  const std::optional<v1::Refusal> refusal = RefusalOf(status);
  return refusal.has_value() ? refusal->kind() : v1::Refusal::KIND_UNSPECIFIED;
}

}  // namespace paceline
