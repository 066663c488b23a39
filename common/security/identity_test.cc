#include "common/security/identity.h"

#include <catch2/catch.hpp>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("a certificate's URI names a role and a name") {
  for (const char* role : {"admin", "user", "viewer", "scheduler", "server", "worker"}) {
    const absl::StatusOr<Role> parsed = ParseRole(role);
    REQUIRE(parsed.ok());
    CHECK(RoleName(*parsed) == role);
    const absl::StatusOr<std::string> uri = IdentityUri({*parsed, "a-1.b_2"});
    REQUIRE(uri.ok());
    CHECK(*uri == std::string("spiffe://paceline/") + role + "/a-1.b_2");
    const absl::StatusOr<Identity> identity = ParseIdentityUri(*uri);
    REQUIRE(identity.ok());
    CHECK(*identity == Identity{*parsed, "a-1.b_2"});
  }
  CHECK(IdentityText({Role::kUser, "alice"}) == "user alice");
  CHECK(IdentityText({Role::kAdmin, ""}) == "admin");
}

TEST_CASE("what is no identity is refused, and said") {
  CHECK_FALSE(ParseRole("root").ok());
  for (const char* uri :
       {"", "spiffe://paceline/", "spiffe://paceline/user", "spiffe://paceline/user/",
        "spiffe://paceline/user/a/b", "spiffe://elsewhere/user/alice",
        "spiffe://paceline/root/alice", "spiffe://paceline/user/Alice", "spiffe://paceline/user/-a",
        "spiffe://paceline/user/a b", "https://paceline/user/alice"}) {
    CAPTURE(uri);
    const absl::StatusOr<Identity> identity = ParseIdentityUri(uri);
    CHECK(identity.status().code() == absl::StatusCode::kInvalidArgument);
  }
  CHECK_FALSE(IdentityUri({Role::kUser, std::string(64, 'a')}).ok());
  CHECK(IdentityUri({Role::kUser, std::string(63, 'a')}).ok());
}

TEST_CASE("a certificate has exactly one identity") {
  const auto denied = absl::StatusCode::kUnauthenticated;
  REQUIRE_OK_AND_ASSIGN(const Identity identity, IdentityOfUris({"spiffe://paceline/user/alice"}));
  CHECK(identity == Identity{Role::kUser, "alice"});
  CHECK_STATUS(IdentityOfUris({}), denied, "got 0");
  CHECK_STATUS(IdentityOfUris({"spiffe://paceline/user/alice", "spiffe://paceline/admin/bob"}),
               denied, "got 2");
  CHECK_STATUS(IdentityOfUris({"https://example.com"}), denied, "https://example.com");
}

}  // namespace
}  // namespace paceline
