#include "worker/core/trace/trace_path.h"

#include <catch2/catch.hpp>
#include <string>

namespace paceline::worker {
namespace {

TEST_CASE("job, rank and incarnation come before the extension") {
  CHECK(TracePath("t.json", 1, 0, 1) == "t.job-1.rank-0.1.json");
  CHECK(TracePath("/a/b/t.json", 12, 34, 5) == "/a/b/t.job-12.rank-34.5.json");
  CHECK(TracePath("trace", 1, 2, 3) == "trace.job-1.rank-2.3");
  CHECK(TracePath("a.b/trace", 1, 2, 3) == "a.b/trace.job-1.rank-2.3");
  CHECK(TracePath("a/.hidden", 1, 2, 3) == "a/.hidden.job-1.rank-2.3");
  CHECK(TracePath("x.y.json", 1, 2, 3) == "x.y.job-1.rank-2.3.json");
}

TEST_CASE("a task's trace is known by its name") {
  for (const std::string file : {"t.json", "/a.b/t", ".t"}) {
    CHECK(IsTracePath(file, TracePath(file, 12, 3, 4)));
    CHECK_FALSE(IsTracePath(file, file));
    CHECK_FALSE(IsTracePath(file, "x" + TracePath(file, 1, 2, 3)));
    CHECK_FALSE(IsTracePath(file, TracePath("u" + file, 1, 2, 3)));
  }
  CHECK_FALSE(IsTracePath("t.json", "t.job-1.rank-0.1.txt"));
  CHECK_FALSE(IsTracePath("t.json", "t.job-1.json"));
}

}  // namespace
}  // namespace paceline::worker
