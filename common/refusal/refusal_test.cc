#include "common/refusal/refusal.h"

#include <catch2/catch.hpp>
#include <string>

namespace paceline {
namespace {

using v1::Refusal;

TEST_CASE("every kind has a code, and comes back from its status") {
  const auto* kinds = Refusal::Kind_descriptor();
  for (int i = 0; i < kinds->value_count(); ++i) {
    const auto kind = static_cast<Refusal::Kind>(kinds->value(i)->number());
    if (kind == Refusal::KIND_UNSPECIFIED) continue;
    INFO(kinds->value(i)->name());
    Refusal refusal;
    refusal.set_kind(kind);
    refusal.set_slowest_rank(3);
    const absl::Status status = RefusalStatus(refusal, "why");
    CHECK(status.code() != absl::StatusCode::kOk);
    CHECK(status.code() != absl::StatusCode::kInternal);
    CHECK(status.message() == "why");
    REQUIRE(RefusalOf(status).has_value());
    CHECK(RefusalOf(status)->SerializeAsString() == refusal.SerializeAsString());
    CHECK(RefusalKindOf(status) == kind);
  }
}

TEST_CASE("a mismatch names both values") {
  const absl::Status status = MismatchStatus(Refusal::STALE_EPOCH, "job 7: epoch", 12, 11);
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(status.message() == "job 7: epoch: 12 expected, got 11");
  CHECK(RefusalOf(status)->expected() == 12);
  CHECK(RefusalOf(status)->got() == 11);
}

TEST_CASE("other statuses carry no refusal") {
  CHECK_FALSE(RefusalOf(absl::OkStatus()).has_value());
  CHECK_FALSE(RefusalOf(absl::UnavailableError("gone")).has_value());
  CHECK(RefusalKindOf(absl::UnavailableError("gone")) == Refusal::KIND_UNSPECIFIED);
  absl::Status broken = absl::UnavailableError("gone");
  broken.SetPayload(kRefusalUrl, absl::Cord("\xff\xff"));
  CHECK_FALSE(RefusalOf(broken).has_value());
}

TEST_CASE("an unknown kind is an internal error") {
  CHECK(RefusalCode(static_cast<Refusal::Kind>(99)) == absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace paceline
