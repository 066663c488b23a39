// The three parsers make the same tree, and refuse what is too deep, too large or
// no text of their format.
#include "common/spec/node.h"

#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/spec/json_node.h"
#include "common/spec/text_node.h"
#include "common/spec/yaml_node.h"

namespace paceline {
namespace {

// {a: 1@line, ...}; scalars that were written as strings in quotes.
std::string Show(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return absl::StrCat("null@", node.line);
    case Node::Kind::kScalar:
      return node.quoted ? absl::StrCat("'", node.text, "'@", node.line)
                         : absl::StrCat(node.text, "@", node.line);
    case Node::Kind::kList: {
      std::string text = "[";
      for (const Node& item : node.items) {
        absl::StrAppend(&text, text.size() > 1 ? " " : "", Show(item));
      }
      return text + "]";
    }
    case Node::Kind::kMap:
      break;
  }
  std::string text = "{";
  for (const NodeEntry& entry : node.entries) {
    absl::StrAppend(&text, text.size() > 1 ? " " : "", entry.key, "@", entry.line, ":",
                    Show(entry.value));
  }
  return text + "}";
}

std::string Yaml(const std::string& text) {
  const auto node = ParseYaml(text);
  return node.ok() ? Show(*node) : std::string(node.status().message());
}

std::string Json(const std::string& text) {
  const auto node = ParseJson(text);
  return node.ok() ? Show(*node) : std::string(node.status().message());
}

std::string Text(const std::string& text) {
  const auto node = ParseText(text);
  return node.ok() ? Show(*node) : std::string(node.status().message());
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) {
    all += text;
  }
  return all;
}

TEST_CASE("YAML becomes nodes with lines") {
  CHECK(Yaml("") == "null@0");
  CHECK(Yaml("# nothing\n") == "null@0");
  CHECK(Yaml("a: 1\nb:\n  c: x\n  d: [1, '2']\n") == "{a@1:1@1 b@2:{c@3:x@3 d@4:[1@4 '2'@4]}}");
  CHECK(Yaml("a:\nb: \"q\"\n") == "{a@1:null@1 b@2:'q'@2}");
  CHECK(Yaml("a: &x {b: 1}\nc: *x\n") == "{a@1:{b@1:1@1} c@2:{b@1:1@1}}");
  CHECK(Yaml("a: &x 7\nc: [*x]\n") == "{a@1:7@1 c@2:[7@2]}");
  CHECK(Yaml("{\"a\": 1, \"b\": [true]}") == "{a@1:1@1 b@1:[true@1]}");
}

TEST_CASE("YAML that is none is refused with its line") {
  CHECK(Yaml("a: [1, 2\nb: 3\n").find("line ") == 0);
  CHECK(Yaml("a: 1\n  b: 2\n").find("line 2: ") == 0);
  CHECK(Yaml("a: 1\n---\nb: 2\n") == "one YAML document expected, got more than one");
  CHECK(Yaml("[a, b]: 1\n") == "line 1: a key must be a plain name");
  CHECK(Yaml("a: *nobody\n").find("line 1: ") == 0);
  CHECK(Yaml("a: &x [*x]\n") == "line 1: an alias of the value that contains it");
  CHECK(Yaml("a: !!python/object:os.system x\n").find("line 1: tags are not allowed") == 0);
  CHECK(Yaml("a: !!x [1]\n").find("line 1: tags are not allowed") == 0);
  CHECK(Yaml("a: !y {b: 1}\n").find("line 1: tags are not allowed") == 0);
}

TEST_CASE("YAML beyond the limits is refused") {
  CHECK(Yaml(Repeat("[", 32) + Repeat("]", 32)) == Repeat("[", 32) + Repeat("]", 32));
  CHECK(Yaml(Repeat("[", 33) + Repeat("]", 33)).find("at most 32 maps and lists") == 0);
  CHECK_FALSE(ParseYaml(Repeat("[", 100000)).ok());
  CHECK_FALSE(ParseYaml(Repeat("{a: ", 100000)).ok());
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    absl::StrAppend(&bomb, "a", i, ": &a", i, " [", Repeat(absl::StrCat("*a", i - 1, ","), 9), "*a",
                    i - 1, "]\n");
  }
  CHECK(absl::StrContains(Yaml(bomb), "at most 10000 values allowed, aliases written out"));
}

TEST_CASE("JSON becomes nodes with lines") {
  CHECK(Json("{}") == "{}");
  CHECK(Json("{\n \"a\": 1,\n \"b\": {\"c\": \"x\",\n  \"d\": [1.50,\n null, -2]}}") ==
        "{a@2:1@2 b@3:{c@3:'x'@3 d@4:[1.50@4 null@5 -2@5]}}");
  CHECK(Json("{\"a\": 12\n}") == "{a@1:12@1}");
  CHECK(Json("// why\n{\"a\": true}") == "{a@2:true@2}");
  CHECK(Json("{\"a\": \"\\u00fc\\n\"}") == "{a@1:'\xC3\xBC\n'@1}");
}

TEST_CASE("JSON that is none is refused with its line") {
  CHECK(Json("{\"a\": 1,\n}").find("line 2") == 0);
  CHECK(Json("{\"a\": 1} x").find("line 1") == 0);
  CHECK(Json("").find("line 1") == 0);
  CHECK(Json(Repeat("[", 33) + Repeat("]", 33)).find("at most 32 maps and lists") == 0);
  CHECK(Json(Repeat("[", 100000)).find("at most 32 maps and lists") == 0);
  CHECK(Json("[" + Repeat("0,", 10000) + "0]").find("at most 10000 values") == 0);
}

TEST_CASE("textproto becomes nodes with lines") {
  CHECK(Text("") == "{}");
  CHECK(Text("a: 1\nb { c: X # why\n d: [1, 'two' 'three'] }") ==
        "{a@1:1@1 b@2:{c@2:X@2 d@3:[1@3 'twothree'@3]}}");
  CHECK(Text("a: 1, a: -2.5f; b: <c: true>") == "{a@1:1@1 a@1:-2.5@1 b@1:{c@1:true@1}}");
  CHECK(Text("a: []") == "{a@1:[]}");
}

TEST_CASE("textproto that is none is refused with its line") {
  CHECK(Text("a 1") == "line 1: \":\" or \"{\" expected, got \"1\"");
  CHECK(Text("a {\n b: 1") == "line 2: a field name expected, got the end of the file");
  CHECK(Text("a: [1 2]") == "line 1: \",\" or \"]\" expected, got \"2\"");
  CHECK(Text("a: }") == "line 1: a value expected, got \"}\"");
  CHECK(Text("[x.y]: 1") == "line 1: a field name expected, got \"[\"");
  CHECK(Text("a: 'x").find("line 1: ") == 0);
  CHECK(Text(Repeat("a {", 100000)).find("at most 32 maps and lists") == 0);
}

}  // namespace
}  // namespace paceline
