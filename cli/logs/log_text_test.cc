#include "cli/logs/log_text.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace paceline::cli {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("lines are complete, however they arrive") {
  const std::string text = "one\n\nthree\nrest";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    LineSplitter splitter;
    Lines lines;
    for (size_t at = 0; at < text.size(); at += piece) {
      for (std::string& line : splitter.Add(text.substr(at, piece))) lines.push_back(line);
    }
    CHECK(lines == Lines{"one", "", "three"});
    CHECK(splitter.Finish() == Lines{"rest"});
    CHECK(splitter.Finish().empty());
  }
}

TEST_CASE("a line without an end is broken, and memory stays bounded") {
  LineSplitter splitter;
  const Lines lines = splitter.Add(std::string(2 * kMaxLogLineBytes + 3, 'x'));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].size() == kMaxLogLineBytes);
  CHECK(splitter.Finish() == Lines{"xxx"});
}

TEST_CASE("the last lines are kept") {
  const auto tail = [](uint64_t lines, uint64_t bytes, const std::string& text) {
    TailKeeper keeper(lines, bytes);
    for (const char c : text) keeper.Add(std::string(1, c));
    return keeper.Tail();
  };
  CHECK(tail(2, 0, "a\nb\nc\n") == "b\nc\n");
  CHECK(tail(2, 0, "a\nb\nopen") == "b\nopen");
  CHECK(tail(1, 0, "a\n\n") == "\n");
  CHECK(tail(9, 0, "a\nb\n") == "a\nb\n");
  CHECK(tail(1, 0, "\n") == "\n");
  CHECK(tail(1, 0, "").empty());
  CHECK(tail(0, 4, "a\nb\nc\n") == "b\nc\n");
  CHECK(tail(1, 4, "a\nb\nc\n") == "c\n");
  CHECK(tail(0, 0, "all\nof it").size() == 9);
}

TEST_CASE("prefixes are as wide as that of the last rank") {
  CHECK(RankPrefix(3, 4, false) == "rank 3 | ");
  CHECK(RankPrefix(3, 11, false) == "rank  3 | ");
  CHECK(RankPrefix(10, 11, false) == "rank 10 | ");
  CHECK(RankPrefix(0, 2, true) == "\x1b[36mrank 0 |\x1b[0m ");
  CHECK(RankPrefix(6, 7, true) == "\x1b[36mrank 6 |\x1b[0m ");
}

}  // namespace
}  // namespace paceline::cli
