#include "common/spec/cut_name.h"

#include <catch2/catch.hpp>
#include <string>

#include "absl/status/status.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("A cut is named by job and number, by job, or by folder") {
  CHECK(ParseCutName("12@3")->job_id == 12);
  CHECK(ParseCutName("12@3")->cut_id == 3);
  CHECK(ParseCutName("12@best")->job_id == 12);
  CHECK(ParseCutName("12@best")->best);
  CHECK(ParseCutName("12@best")->cut_id == 0);
  CHECK_FALSE(ParseCutName("12@3")->best);
  CHECK(ParseCutName("12")->job_id == 12);
  CHECK(ParseCutName("12")->cut_id == 0);
  CHECK(ParseCutName("/a/b@c")->dir == "/a/b@c");
  CHECK(ParseCutName("/a/b@c")->job_id == 0);
  CHECK(CutNameText(12, 3) == "12@3");
}

TEST_CASE("Other names of cuts are refused as they came") {
  for (const char* name : {"", "@", "12@", "@3", "0", "0@1", "1@0", "1@2@3", "-1", "1@-2", "a@b",
                           "cuts/3", "99999999999999999999"}) {
    CAPTURE(name);
    CHECK_STATUS(ParseCutName(name), absl::StatusCode::kInvalidArgument,
                 std::string("got \"") + name + "\"");
  }
}

}  // namespace
}  // namespace paceline
