#include "common/spec/parse.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <catch2/catch.hpp>
#include <string>

#include "common/spec/enum_names.h"

namespace paceline {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr char kYaml[] = R"(
name: digits-mlp
model: {kind: mlp, hidden: [128, 64]}
data:
  scale: 0.0625
  train: {path: data/train.csv, format: csv, label: -1}
train: {global_batch: 256, epochs: 5, seed: 18446744073709551615, optimizer: {kind: adam, learning_rate: 1e-3}}
consistency: {policy: ssp, staleness: 0}
resources: {workers: 4, servers: 2, device: auto}
output: {tensorboard: runs}
checkpoint:
)";

v1::JobSpec Want() {
  v1::JobSpec spec;
  REQUIRE(google::protobuf::TextFormat::ParseFromString(R"(
    name: "digits-mlp"
    model { kind: MODEL_KIND_MLP hidden: 128 hidden: 64 }
    data { scale: 0.0625 train { path: "data/train.csv" format: DATA_FORMAT_CSV label: "-1" } }
    train {
      global_batch: 256 epochs: 5 seed: 18446744073709551615
      optimizer { kind: OPTIMIZER_KIND_ADAM learning_rate: 0.001 }
    }
    consistency { policy: POLICY_SSP staleness: 0 }
    resources { workers: 4 servers: 2 device: DEVICE_KIND_AUTO }
    output { tensorboard: "runs" }
    checkpoint {}
  )",
                                                        &spec));
  return spec;
}

// The only problem of a YAML text.
std::string Only(const std::string& yaml, SpecFormat format = SpecFormat::kYaml) {
  const ParsedSpec parsed = ParseSpec(yaml, format);
  std::string all;
  for (const Problem& problem : parsed.problems) {
    all += (all.empty() ? "" : "\n") + ToString(problem);
  }
  return all;
}

TEST_CASE("YAML, JSON and textproto yield the same spec") {
  const ParsedSpec yaml = ParseSpec(kYaml, SpecFormat::kYaml);
  CHECK(yaml.problems.empty());
  CHECK(MessageDifferencer::Equals(yaml.spec, Want()));
  CHECK(yaml.lines.at("train.optimizer.learning_rate") == 7);
  CHECK(yaml.lines.at("model.hidden[1]") == 3);

  // What other protobuf programs print is read, too.
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  REQUIRE(google::protobuf::util::MessageToJsonString(Want(), &json, options).ok());
  const ParsedSpec from_json = ParseSpec(json, SpecFormat::kJson);
  CHECK(from_json.problems.empty());
  CHECK(MessageDifferencer::Equals(from_json.spec, Want()));

  std::string text;
  REQUIRE(google::protobuf::TextFormat::PrintToString(Want(), &text));
  const ParsedSpec from_text = ParseSpec(text, SpecFormat::kTextproto);
  CHECK(from_text.problems.empty());
  CHECK(MessageDifferencer::Equals(from_text.spec, Want()));
}

TEST_CASE("the file's name tells the format") {
  CHECK(FormatOf("a/b.yaml") == SpecFormat::kYaml);
  CHECK(FormatOf("b.yml") == SpecFormat::kYaml);
  CHECK(FormatOf("b") == SpecFormat::kYaml);
  CHECK(FormatOf("b.JSON") == SpecFormat::kJson);
  CHECK(FormatOf("b.textproto") == SpecFormat::kTextproto);
  CHECK(FormatOf("b.txtpb") == SpecFormat::kTextproto);
}

TEST_CASE("enum words lack the prefix of their type") {
  CHECK(EnumWord(v1::MODEL_KIND_MLP) == "mlp");
  CHECK(EnumWord(v1::POLICY_BSP) == "bsp");
  CHECK(EnumWord(v1::BAD_RECORD_POLICY_SKIP) == "skip");
  CHECK(EnumWord(static_cast<v1::Policy>(77)) == "77");
  CHECK(FindEnumWord(*v1::Policy_descriptor(), "POLICY_ASP")->number() == v1::POLICY_ASP);
  CHECK(FindEnumWord(*v1::Policy_descriptor(), "unspecified") == nullptr);
}

TEST_CASE("faults row 34: every wrong value is named with line, path, value and what is allowed") {
  struct Case {
    const char* yaml;
    const char* problem;
  };
  const Case cases[] = {
      {"optimiser: {}", "line 1: optimiser: unknown key; did you mean `train.optimizer`?"},
      {"name: a\ntrian: {}", "line 2: trian: unknown key; did you mean `train`?"},
      {"train: {learning_rate: 1}",
       "line 1: train.learning_rate: unknown key; did you mean "
       "`train.optimizer.learning_rate`?"},
      {"resources: {zzz: 1}",
       "line 1: resources.zzz: unknown key; known here: workers, servers, device, gpu_memory"},
      {"name: a\nname: b", "line 2: name: given twice (lines 1 and 2)"},
      {"model: mlp", "line 1: model: a map of fields (such as `kind: ...`) expected, got mlp"},
      {"model: {kind: mpl}",
       "line 1: model.kind: linear | logistic | softmax | mlp | fm | counting | layers | cnn | "
       "lm | mf | kmeans | wide_deep | deepfm | dcn | library expected, got mpl; did you mean "
       "`mlp`?"},
      {"model: {kind: [mlp]}",
       "line 1: model.kind: linear | logistic | softmax | mlp | fm | counting | layers | cnn | "
       "lm | mf | kmeans | wide_deep | deepfm | dcn | library expected, got a list"},
      {"model: {kind: unspecified}",
       "line 1: model.kind: linear | logistic | softmax | mlp | fm | counting | layers | cnn | "
       "lm | mf | kmeans | wide_deep | deepfm | dcn | library expected, got unspecified"},
      {"model: {hidden: 128}", "line 1: model.hidden: a list (such as `[...]`) expected, got 128"},
      {"model: {hidden: [1, x]}",
       "line 1: model.hidden[1]: a whole number from 1 to 65536 expected, got x"},
      {"train: {epochs: \"5\"}",
       "line 1: train.epochs: a whole number from 1 to 1000000 expected, got \\\"5\\\""},
      {"train: {epochs: -1}",
       "line 1: train.epochs: a whole number from 1 to 1000000 expected, got -1"},
      {"train: {epochs: 1.5}",
       "line 1: train.epochs: a whole number from 1 to 1000000 expected, got 1.5"},
      {"train: {epochs: 0}",
       "line 1: train.epochs: a whole number from 1 to 1000000 expected, got 0"},
      {"train: {epochs: 4294967296}",
       "line 1: train.epochs: a whole number from 1 to 1000000 expected, got 4294967296"},
      {"train: {epochs:}",
       "line 1: train.epochs: a whole number from 1 to 1000000 expected, got nothing"},
      {"train: {seed: 18446744073709551616}",
       "line 1: train.seed: a whole number from 0 to 18446744073709551615 expected, got "
       "18446744073709551616"},
      {"train: {optimizer: {learning_rate: fast}}",
       "line 1: train.optimizer.learning_rate: a number greater than 0 and at most 1000000 "
       "expected, got fast"},
      {"train: {optimizer: {learning_rate: .nan}}",
       "line 1: train.optimizer.learning_rate: a number greater than 0 and at most 1000000 "
       "expected, got .nan"},
      {"train: {optimizer: {l1: 1e999}}",
       "line 1: train.optimizer.l1: a number from 0 to 1000000 expected, got 1e999"},
      {"model: {initializer: {scale: 1e39}}",
       "line 1: model.initializer.scale: a number from -1000000 to 1000000 expected, got 1e39"},
      {"data: {shuffle: yes}", "line 1: data.shuffle: true or false expected, got yes"},
      {"data: {train: {path: [a]}}", "line 1: data.train.path: a text expected, got a list"},
      {"- a\n- b", "line 1: a map of fields (such as `name: ...`) expected, got a list"},
      {"", "the file is empty; a job spec expected"},
      {"name: \xFF", "not a UTF-8 text"},
      {"name: [", "line 1: end of sequence flow not found"},
  };
  for (const Case& wrong : cases) {
    INFO(wrong.yaml);
    CHECK(Only(wrong.yaml) == wrong.problem);
  }
}

TEST_CASE("one pass finds all problems") {
  CHECK(ParseSpec("a: 1\nb: 2\nmodel: {kind: x}", SpecFormat::kYaml).problems.size() == 3);
}

TEST_CASE("textproto repeats only repeated fields") {
  CHECK(Only("model { hidden: [1, 2] hidden: 3 }", SpecFormat::kTextproto).empty());
  CHECK(Only("name: 'a'\nname: 'b'", SpecFormat::kTextproto) ==
        "line 2: name: given twice (lines 1 and 2)");
}

TEST_CASE("a file longer than the limit is not parsed") {
  CHECK(Only(std::string(kMaxSpecBytes + 1, ' ')) ==
        "at most 1048576 bytes expected, got 1048577 bytes");
}

TEST_CASE("a truncated job file is no crash, and no whole JSON file") {
  const std::string yaml = kYaml;
  for (size_t size = 0; size <= yaml.size(); ++size) {
    CHECK_NOTHROW(ParseSpec(yaml.substr(0, size), SpecFormat::kYaml));
    CHECK_NOTHROW(ParseSpec(yaml.substr(0, size), SpecFormat::kTextproto));
  }
  const std::string json = R"({"name": "a", "model": {"hidden": [1, 2], "kind": "mlp"}})";
  REQUIRE(ParseSpec(json, SpecFormat::kJson).problems.empty());
  for (size_t size = 0; size < json.size(); ++size) {
    CHECK(ParseSpec(json.substr(0, size), SpecFormat::kJson).problems.size() == 1);
  }
}

}  // namespace
}  // namespace paceline
