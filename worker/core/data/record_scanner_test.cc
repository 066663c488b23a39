#include "worker/core/data/record_scanner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace paceline::worker {
namespace {

struct Found {
  uint64_t offset;
  uint64_t line;
  std::string text;
  bool too_long = false;
  friend bool operator==(const Found&, const Found&) = default;
};

std::ostream& operator<<(std::ostream& out, const Found& found) {
  return out << found.offset << "@" << found.line << " '" << found.text << "'"
             << (found.too_long ? " too long" : "");
}

// Scans `text` cut into pieces of `piece` bytes.
std::vector<Found> Scan(const TextSyntax& syntax, const std::string& text, size_t piece) {
  std::vector<Found> found;
  const auto sink = [&](const ScannedRecord& record) {
    found.push_back({record.offset, record.line, std::string(record.text), record.too_long});
    return true;
  };
  RecordScanner scanner(syntax);
  for (size_t at = 0; at < text.size(); at += piece) {
    REQUIRE(scanner.Feed(absl::string_view(text).substr(at, piece), sink));
  }
  REQUIRE(scanner.Finish(sink));
  return found;
}

TEST_CASE("records of a text") {
  TextSyntax plain;
  TextSyntax comments;
  comments.comment = '#';
  TextSyntax quoted;
  quoted.quoted = true;
  TextSyntax tabs = quoted;
  tabs.delimiter = '\t';
  TextSyntax plain_tabs;
  plain_tabs.delimiter = '\t';
  TextSyntax no_delimiter;
  no_delimiter.delimiter = 0;
  TextSyntax short_lines;
  short_lines.max_record_bytes = 4;
  TextSyntax short_quoted = quoted;
  short_quoted.max_record_bytes = 6;
  struct Case {
    TextSyntax syntax;
    std::string text;
    std::vector<Found> want;
  };
  const Case cases[] = {
      {plain, "", {}},
      {plain, "\n\r\n  \n", {}},
      {plain, "a\nb\n", {{0, 1, "a"}, {2, 2, "b"}}},
      {plain, "a\r\nb", {{0, 1, "a"}, {3, 2, "b"}}},
      {plain, "\n\na\n\n \t\nb", {{2, 3, "a"}, {8, 6, "b"}}},
      {plain,
       "\xEF\xBB\xBF"
       "a\nb",
       {{3, 1, "a"}, {5, 2, "b"}}},
      {plain, "\xEF\xBB\xBF\n", {}},
      {plain, "#a\nb # c\n", {{0, 1, "#a"}, {3, 2, "b # c"}}},
      {comments, "# a\nb # c\n  # d", {{4, 2, "b # c"}}},
      {plain, "a,\"b\nc\"\n", {{0, 1, "a,\"b"}, {5, 2, "c\""}}},
      {quoted, "a,\"b\nc\"\nd\n", {{0, 1, "a,\"b\nc\""}, {8, 3, "d"}}},
      {quoted, "\"a\"\"\n\",1\nd\n", {{0, 1, "\"a\"\"\n\",1"}, {9, 3, "d"}}},
      {quoted, "5\" disk\nd\n", {{0, 1, "5\" disk"}, {8, 2, "d"}}},
      {quoted, "1,\"open\nrest\n", {{0, 1, "1,\"open\nrest\n"}}},
      {tabs, "\t\n \n", {{0, 1, "\t"}}},
      {plain_tabs, "\t\n \n\n", {{0, 1, "\t"}}},
      {no_delimiter, " \t\na\n", {{3, 2, "a"}}},
      {short_lines,
       "abcd\nabcde\nabc\nabcdefghij\nx",
       {{0, 1, "abcd"}, {5, 2, "", true}, {11, 3, "abc"}, {15, 4, "", true}, {26, 5, "x"}}},
      {short_lines, "abcdefgh", {{0, 1, "", true}}},
      {short_quoted, "\"ab\ncdefg\nh\n", {{0, 1, "", true}, {10, 3, "h"}}},
  };
  for (const Case& c : cases) {
    for (const size_t piece : {1, 2, 3, 7, 1000}) {
      CAPTURE(c.text, piece);
      CHECK(Scan(c.syntax, c.text, piece) == c.want);
    }
  }
}

TEST_CASE("a sink can stop the scan") {
  RecordScanner scanner(TextSyntax{});
  std::vector<std::string> got;
  const auto sink = [&](const ScannedRecord& record) {
    got.emplace_back(record.text);
    return got.size() < 2;
  };
  CHECK_FALSE(scanner.Feed("a\nb\nc\n", sink));
  CHECK(got == std::vector<std::string>{"a", "b"});
}

TEST_CASE("offsets are those of the file when the scan starts inside it") {
  RecordScanner scanner(TextSyntax{}, 100);
  std::vector<uint64_t> offsets;
  scanner.Feed("a\n\nb\n", [&](const ScannedRecord& record) {
    offsets.push_back(record.offset);
    return true;
  });
  CHECK(offsets == std::vector<uint64_t>{100, 103});
}

TEST_CASE("what is found does not depend on the pieces, and offsets point at the text") {
  std::mt19937_64 random(8);
  const std::string alphabet = "ab,\"\n\r #";
  for (int repeat = 0; repeat < 3000; ++repeat) {
    TextSyntax syntax;
    syntax.quoted = random() % 2;
    syntax.comment = random() % 2 ? '#' : 0;
    syntax.max_record_bytes = random() % 3 == 0 ? 5 : 1000;
    std::string text;
    for (uint64_t left = random() % 60; left > 0; --left) {
      text.push_back(alphabet[random() % alphabet.size()]);
    }
    CAPTURE(text, syntax.quoted, syntax.max_record_bytes);
    const std::vector<Found> whole = Scan(syntax, text, text.size() + 1);
    for (const size_t piece : {1, 2, 5, 11}) REQUIRE(Scan(syntax, text, piece) == whole);
    for (const Found& found : whole) {
      REQUIRE(text.substr(found.offset, found.text.size()) == found.text);
      const auto begin = text.begin();
      REQUIRE(found.line ==
              1 + static_cast<uint64_t>(
                      std::count(begin, begin + static_cast<std::ptrdiff_t>(found.offset), '\n')));
      // A scan from there finds the same record.
      RecordScanner again(syntax, found.offset);
      std::string first = "none";
      const auto sink = [&](const ScannedRecord& record) {
        first = std::string(record.text);
        return false;
      };
      if (again.Feed(absl::string_view(text).substr(found.offset), sink)) again.Finish(sink);
      REQUIRE(first == found.text);
    }
  }
}

}  // namespace
}  // namespace paceline::worker
