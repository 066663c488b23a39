#include "cli/local/merge_traces.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

using nlohmann::json;

struct Fixture {
  MemoryFileSystem fs;

  Fixture() { REQUIRE_OK(fs.CreateDirs("/t")); }
  void Write(const std::string& name, const std::string& text) {
    REQUIRE_OK(WriteFileDurably(fs, absl::StrCat("/t/", name), text));
  }
  json Merge() {
    REQUIRE_OK(MergeTraces(fs, "/t/trace.json", "/t/all.json"));
    const auto text = ReadFile(fs, "/t/all.json");
    REQUIRE_OK(text);
    return json::parse(*text);
  }
};

TEST_CASE("the traces of all tasks become one") {
  Fixture f;
  f.Write("trace.job-1.rank-0.1.json", "[\n{\"a\":1},\n{\"a\":2}\n]\n");
  f.Write("trace.job-1.rank-1.1.json", "[\n{\"b\":1}\n]\n");
  // Killed, and played again.
  f.Write("trace.job-1.rank-2.1.json", "[\n{\"c\":1},\n{\"c\":2},\n{\"c\":3,\"x");
  f.Write("trace.job-1.rank-2.2.json", "[\n{\"d\":1},\n");
  f.Write("trace.job-1.rank-3.1.json", "");
  f.Write("trace.json", "[\n{\"no\":1}\n]\n");
  f.Write("scheduler.log", "{\"no\":2}\n");
  CHECK(f.Merge() == json::parse(R"([{"a":1},{"a":2},{"b":1},{"c":1},{"c":2},{"d":1}])"));
}

TEST_CASE("without traces it is empty") {
  Fixture f;
  CHECK(f.Merge() == json::array());
}

TEST_CASE("lines may lie across the pieces in which they are read") {
  Fixture f;
  std::string text = "[\n";
  json expected = json::array();
  for (int i = 0; text.size() < (size_t{3} << 20); ++i) {
    const json event = {{"i", i}, {"text", std::string(i % 5000, 'x')}};
    expected.push_back(event);
    absl::StrAppend(&text, event.dump(), ",\n");
  }
  f.Write("trace.job-1.rank-0.1.json", text);
  CHECK(f.Merge() == expected);
}

TEST_CASE("files that cannot be had are said") {
  Fixture f;
  CHECK_STATUS(MergeTraces(f.fs, "/t/trace.json", "/no/folder/all.json"),
               absl::StatusCode::kNotFound, "/no/folder/all.json");
  CHECK_STATUS(MergeTraces(f.fs, "/none/trace.json", "/t/all.json"), absl::StatusCode::kNotFound,
               "/none");
}

}  // namespace
}  // namespace paceline::cli
