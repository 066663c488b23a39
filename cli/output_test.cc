#include "cli/output.h"

#include <yaml-cpp/yaml.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

namespace paceline::cli {
namespace {

TEST_CASE("JSON becomes YAML in the same order") {
  CHECK(JsonToYaml(
            R"({"b": 1, "a": {"x": [], "list": [1, 2.5], "z": {}}, "t": true, "none": null})") ==
        "b: 1\n"
        "a:\n"
        "  x: []\n"
        "  list:\n"
        "    - 1\n"
        "    - 2.5\n"
        "  z: {}\n"
        "t: true\n"
        "none: ~\n");
}

TEST_CASE("a text stays a text, whatever it looks like") {
  for (const char* text :
       {"7",    "1e3",   "true",     "No",    "null",           "~",         "",
        " x",   "a: b",  "# c",      "- d",   "two\nlines",     "tab\t",     "NaN",
        "0x1f", "plain", "/path/to", "größe", "127.0.0.1:7070", "2026-01-01"}) {
    const std::string json = std::string("{\"key\": ") + nlohmann::json(text).dump() + "}";
    const YAML::Node node = YAML::Load(JsonToYaml(json));
    INFO(text);
    CHECK(node["key"].as<std::string>() == text);
    // What is not quoted is tagged "?", and could be read as something else.
    const bool plain = std::string(text) == "plain" || std::string(text) == "/path/to";
    CHECK(node["key"].Tag() == (plain ? "?" : "!"));
  }
}

TEST_CASE("documents of YAML are told apart, JSON has a line end") {
  std::ostringstream out;
  PrintData("{\"a\": 1}", OutputFormat::kYaml, out);
  PrintData("{\"a\": 2}", OutputFormat::kYaml, out);
  CHECK(out.str() == "---\na: 1\n---\na: 2\n");
  out.str("");
  PrintData("{\"a\": 1}", OutputFormat::kJson, out);
  CHECK(out.str() == "{\"a\": 1}\n");
  CHECK(IsData(OutputFormat::kYaml));
  CHECK_FALSE(IsData(OutputFormat::kWide));
}

}  // namespace
}  // namespace paceline::cli
