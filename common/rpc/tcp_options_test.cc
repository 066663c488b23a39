#include "common/rpc/tcp_options.h"

#include <catch2/catch.hpp>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("words for the congestion control") {
  REQUIRE_OK_AND_ASSIGN(const TcpOptions automatic, ParseTcpCongestion("auto"));
  CHECK_FALSE(automatic.congestion.empty());
  CHECK(DefaultTcpOptions().congestion == automatic.congestion);
  REQUIRE_OK_AND_ASSIGN(const TcpOptions system, ParseTcpCongestion("system"));
  CHECK(system.congestion.empty());
  REQUIRE_OK_AND_ASSIGN(const TcpOptions reno, ParseTcpCongestion("reno"));
  CHECK(reno.congestion == "reno");
  SetDefaultTcpOptions(reno);
  CHECK(DefaultTcpOptions().congestion == "reno");
  REQUIRE_STATUS(ParseTcpCongestion("warp"), absl::StatusCode::kInvalidArgument,
                 "--tcp-congestion warp: ");
}

}  // namespace
}  // namespace paceline
