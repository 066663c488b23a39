// From an export to text.
#include "cli/sample/sample.h"

#include <grpcpp/security/credentials.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/scheduler_client.h"
#include "cli/test_environment.h"
#include "cli/weights/export_fixture.h"
#include "common/fs.h"
#include "common/json/proto_json.h"
#include "common/random.h"
#include "common/rpc/channel.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "common/tables/lm_tables.h"

namespace paceline::cli {
namespace {

using Code = absl::StatusCode;

v1::JobSpec LmJob() {
  v1::JobSpec spec;
  spec.set_name("lm");
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LM);
  v1::LmSpec* lm = spec.mutable_model()->mutable_lm();
  lm->set_context(8);
  lm->set_layers(1);
  lm->set_heads(2);
  lm->set_width(4);
  return WithDefaults(spec);
}

using Contents = std::function<std::vector<float>(const v1::TableSpec&)>;

std::vector<float> Zeros(const v1::TableSpec& table) {
  return std::vector<float>(table.rows() * table.dim(), 0);
}

// All embeddings but that of `byte` lie against what the last norm makes: it comes next
// whatever the text.
Contents Always(uint8_t byte) {
  return [byte](const v1::TableSpec& table) {
    std::vector<float> rows = Zeros(table);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (table.name() == "norm/bias") rows[i] = 10;
      if (table.name() == "embedding/bytes") rows[i] = i / table.dim() == byte ? 1.0f : -1.0f;
    }
    return rows;
  };
}

std::vector<float> RandomRows(const v1::TableSpec& table) {
  std::vector<float> rows = Zeros(table);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = RandomNormal(1, table.name().size(), i);
  return rows;
}

TensorMetadata Metadata(const v1::ModelSpec& model) {
  return {{"model", ProtoToJson(model, JsonLayout::kOneLine)}};
}

struct Fixture {
  TestEnvironment test;
  // Of no scheduler: a file needs none.
  SchedulerClient client{"127.0.0.1:1",
                         MakeChannel("127.0.0.1:1", grpc::InsecureChannelCredentials()),
                         &test.interrupt};
  std::string file = JoinPath(test.folder.path(), "lm.safetensors");

  void Write(const TensorMetadata& metadata, const Contents& contents) {
    std::vector<testing::ExportedArray> arrays;
    const auto tables = LmTables(LmJob().model());
    for (const v1::TableSpec& table : *tables) {
      arrays.push_back(testing::Floats(table.name(), {table.rows(), table.dim()}, contents(table)));
    }
    testing::WriteArrays(test.fs, file, arrays, metadata);
  }

  absl::StatusOr<ExitCode> Run(SampleOptions options) {
    test.out.str("");
    options.model.source = file;
    return Sample(options, client, test.env);
  }

  std::string Text(const SampleOptions& options) {
    const auto code = Run(options);
    REQUIRE_OK(code);
    CHECK(*code == ExitCode::kOk);
    return test.out.str();
  }
};

TEST_CASE("the prompt and what the model is sure of") {
  Fixture f;
  f.Write(Metadata(LmJob().model()), Always('x'));
  CHECK(f.Text({.prompt = "To be", .bytes = 12}) == "To bexxxxxxxxxxxx\n");
  CHECK(f.Text({.bytes = 1}) == "\nx\n");
  CHECK_STATUS(f.Run({.prompt = ""}), Code::kInvalidArgument,
               "--prompt: at least one byte expected");
}

TEST_CASE("a seed says what is drawn; temperature 0 draws nothing") {
  Fixture f;
  f.Write(Metadata(LmJob().model()), RandomRows);
  const std::string one = f.Text({.bytes = 40, .temperature = 1, .seed = 1});
  CHECK(one.size() == 42);
  CHECK(f.Text({.bytes = 40, .temperature = 1, .seed = 1}) == one);
  CHECK(f.Text({.bytes = 40, .temperature = 1, .seed = 2}) != one);
  // More bytes begin with those of fewer.
  CHECK(f.Text({.bytes = 20, .temperature = 1, .seed = 1}) == one.substr(0, 21) + "\n");
  const std::string likeliest = f.Text({.bytes = 40, .temperature = 0});
  CHECK(f.Text({.bytes = 40, .temperature = 0, .seed = 2}) == likeliest);
  CHECK(f.Text({.bytes = 40, .top_k = 1, .seed = 2}) == likeliest);
}

TEST_CASE("of a prompt longer than its context the model sees the end") {
  Fixture f;
  f.Write(Metadata(LmJob().model()), RandomRows);
  const std::string end = "12345678";
  const std::string start = "Whatever came before ";
  const std::string text = f.Text({.prompt = end, .bytes = 30});
  CHECK(f.Text({.prompt = start + end, .bytes = 30}) == start + text);
  CHECK(f.Text({.prompt = "87654321", .bytes = 30}).substr(8) != text.substr(8));
}

TEST_CASE("a terminal gets no control characters") {
  Fixture f;
  f.Write(Metadata(LmJob().model()), Always(27));
  CHECK(f.Text({.prompt = "a", .bytes = 3}) == "a\x1b\x1b\x1b\n");
  f.test.env.out_is_terminal = true;
  CHECK(f.Text({.prompt = "a\t", .bytes = 3}) == "a\t???\n");
}

TEST_CASE("a reader that has gone ends the text") {
  Fixture f;
  f.Write(Metadata(LmJob().model()), RandomRows);
  f.test.out.setstate(std::ios::badbit);
  // So many would take days.
  CHECK_OK(f.Run({.prompt = "a", .bytes = uint64_t{1} << 40}));
}

TEST_CASE("an interrupt ends the text") {
  Fixture f;
  f.Write(Metadata(LmJob().model()), RandomRows);
  f.test.interrupt.Request();
  const auto code = f.Run({.prompt = "a"});
  REQUIRE_OK(code);
  CHECK(*code == ExitCode::kInterrupted);
  CHECK(f.test.out.str() == "a\n");
}

TEST_CASE("a file of another model, or of another form, is refused and named") {
  Fixture f;
  const auto refused = [&](const v1::ModelSpec& model, const char* part) {
    f.Write(Metadata(model), Zeros);
    CHECK_STATUS(f.Run({}), Code::kInvalidArgument, part);
    CHECK_STATUS(f.Run({}), Code::kInvalidArgument, f.file.c_str());
  };
  v1::ModelSpec model = LmJob().model();
  model.mutable_lm()->set_heads(3);
  refused(model, "model.lm.heads: a divisor of width (4) expected, got 3");
  model = LmJob().model();
  model.mutable_lm()->set_layers(2);
  refused(model, "table block1/attention/norm/bias is missing");
  model = LmJob().model();
  model.mutable_lm()->set_width(8);
  refused(model, "expected, got F32 [1, 4]");
  model.set_kind(v1::MODEL_KIND_MLP);
  refused(model, "a language model (model.kind lm) expected, got mlp");
}

}  // namespace
}  // namespace paceline::cli
