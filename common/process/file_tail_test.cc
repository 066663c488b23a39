#include "common/process/file_tail.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("the last lines, within the limits") {
  const struct {
    std::string text;
    std::size_t max_lines;
    std::uint64_t max_bytes;
    Lines expected;
  } cases[] = {
      {"", 3, 100, {}},
      {"\n", 3, 100, {}},
      {"a", 3, 100, {"a"}},
      {"a\nb\nc\nd\n", 2, 100, {"c", "d"}},
      {"a\n\nb", 3, 100, {"a", "", "b"}},
      {"long line\nend\n", 3, 8, {"ine", "end"}},
      {"tab\tbell\x07 \xc3\xa9", 1, 100, {"tab\tbell? \xc3\xa9"}},
  };
  for (const auto& [text, max_lines, max_bytes, expected] : cases) {
    MemoryFileSystem fs;
    REQUIRE_OK(WriteFileDurably(fs, "/f", text));
    REQUIRE_OK_AND_ASSIGN(const Lines lines, ReadTail(fs, "/f", max_lines, max_bytes));
    CHECK(lines == expected);
  }
  MemoryFileSystem fs;
  CHECK_STATUS(ReadTail(fs, "/none", 1), absl::StatusCode::kNotFound, "/none");
}

}  // namespace
}  // namespace paceline
