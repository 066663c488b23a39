// From an export and a file of records to predictions and metrics.
#include "cli/predict/predict.h"

#include <grpcpp/security/credentials.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/export/export_metadata.h"
#include "cli/scheduler_client.h"
#include "cli/test_environment.h"
#include "cli/weights/export_fixture.h"
#include "common/fs.h"
#include "common/rpc/channel.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "server/core/rows/initializer.h"

namespace paceline::cli {
namespace {

using Code = absl::StatusCode;
using testing::Floats;
using testing::Keys;

v1::CutManifest Trained(v1::ModelKind kind, v1::DataFormat format, uint64_t features) {
  v1::CutManifest manifest;
  manifest.mutable_spec()->mutable_model()->set_kind(kind);
  manifest.mutable_spec()->mutable_data()->mutable_train()->set_format(format);
  manifest.mutable_facts()->set_features(features);
  return manifest;
}

struct Fixture {
  TestEnvironment test;
  // Of no scheduler: a file needs none.
  SchedulerClient client{"127.0.0.1:1",
                         MakeChannel("127.0.0.1:1", grpc::InsecureChannelCredentials()),
                         &test.interrupt};
  std::string file = JoinPath(test.folder.path(), "x.safetensors");

  void Write(const v1::CutManifest& manifest, const std::vector<testing::ExportedArray>& arrays) {
    testing::WriteArrays(test.fs, file, arrays, ExportMetadata(manifest));
  }

  absl::StatusOr<ExitCode> Run(PredictOptions options, OutputFormat format = OutputFormat::kTable) {
    test.out.str("");
    test.err.str("");
    if (options.model.source.empty()) options.model.source = file;
    return Predict(options, format, client, test.env);
  }

  // What it prints to standard output.
  std::string Output(const PredictOptions& options, OutputFormat format = OutputFormat::kTable) {
    const auto code = Run(options, format);
    REQUIRE_OK(code);
    CHECK(*code == ExitCode::kOk);
    return test.out.str();
  }
};

// y = 2 a - b + 0.5
void WriteLinear(Fixture* f) {
  f->Write(Trained(v1::MODEL_KIND_LINEAR, v1::DATA_FORMAT_CSV, 2),
           {Floats("linear/bias", {1, 1}, {0.5f}), Floats("linear/weight", {2, 1}, {2, -1})});
}

TEST_CASE("a line for each record, and the metrics of evaluation") {
  Fixture f;
  WriteLinear(&f);
  const std::string data = f.test.Write("x.csv", "1,0,3\n0,4,-3.5\n");
  CHECK(f.Output({.data = data}) == "index,value\n0,2.5\n1,-3.5\n");
  // Losses are 0.125 and 0.
  CHECK(f.test.err.str() == absl::StrCat(data, ": records 2, loss 0.0625, rmse 0.353553\n"));
  CHECK(f.Output({.data = data}, OutputFormat::kCsv) == "index,value\n0,2.5\n1,-3.5\n");
  CHECK(f.Output({.data = data}, OutputFormat::kJson) ==
        "{\"index\": 0, \"value\": 2.5}\n{\"index\": 1, \"value\": -3.5}\n");
  const auto metrics = nlohmann::json::parse(f.test.err.str());
  CHECK(metrics["records"] == 2);
  CHECK(metrics["eval"]["loss"] == 0.0625);
  CHECK(metrics["eval"]["rmse"] == std::sqrt(0.125));
  // Nothing is left behind.
  CHECK(*f.test.fs.List(f.test.folder.path()) ==
        std::vector<std::string>{"x.csv", "x.safetensors"});
}

TEST_CASE("many records are many batches, numbered through") {
  Fixture f;
  WriteLinear(&f);
  std::string text;
  std::string expected = "index,value\n";
  for (int i = 0; i < 1300; ++i) {
    absl::StrAppend(&text, i, ",0,0\n");
    absl::StrAppend(&expected, i, ",", 2 * i, ".5\n");
  }
  CHECK(f.Output({.data = f.test.Write("x.csv", text)}) == expected);
  CHECK(absl::StrContains(f.test.err.str(), "records 1300, "));
}

TEST_CASE("predictions go to a file, which is not touched by what fails before") {
  Fixture f;
  WriteLinear(&f);
  const std::string data = f.test.Write("x.csv", "1,0,3\n");
  const std::string out = f.test.Write("out.csv", "old");
  CHECK_STATUS(f.Run({.data = f.test.Write("bad.csv", "1,0,3\n1,x,3\n"), .out = out}),
               Code::kInvalidArgument, "bad.csv:2: record 1: ");
  CHECK(*ReadFile(f.test.fs, out) == "old");
  CHECK(f.Output({.data = data, .out = out}).empty());
  CHECK(*ReadFile(f.test.fs, out) == "index,value\n0,2.5\n");
  CHECK_STATUS(f.Run({.data = data, .out = data}), Code::kInvalidArgument,
               "--out: another file than");
  f.test.interrupt.Request();
  CHECK_STATUS(f.Run({.data = data, .out = out}), Code::kCancelled, "interrupted");
  CHECK_FALSE(f.test.fs.Exists(out));
}

TEST_CASE("records that a job skips have no line and keep their numbers") {
  Fixture f;
  v1::CutManifest manifest = Trained(v1::MODEL_KIND_LINEAR, v1::DATA_FORMAT_CSV, 2);
  manifest.mutable_spec()->mutable_data()->set_on_bad_record(v1::BAD_RECORD_POLICY_SKIP);
  f.Write(manifest, {Floats("linear/bias", {1, 1}, {0}), Floats("linear/weight", {2, 1}, {1, 0})});
  const std::string data = f.test.Write("x.csv", "1,0,1\nx,0,0\n3,0,3\n4,0,4\n5\n6,0,6\n");
  CHECK(f.Output({.data = data}) == "index,value\n0,1\n2,3\n3,4\n5,6\n");
  CHECK(f.test.err.str() == absl::StrCat(data, ": records 4, bad_records 2, loss 0, rmse 0\n"));
}

TEST_CASE("rows that no push has named have their seeded initial values") {
  Fixture f;
  v1::CutManifest manifest = Trained(v1::MODEL_KIND_FM, v1::DATA_FORMAT_LIBSVM, 4);
  manifest.mutable_spec()->mutable_model()->set_factors(2);
  manifest.mutable_spec()->mutable_model()->mutable_initializer()->set_kind(
      v1::INITIALIZER_KIND_NORMAL);
  manifest.mutable_spec()->mutable_model()->mutable_initializer()->set_scale(1);
  manifest.mutable_spec()->mutable_train()->set_seed(77);
  f.Write(manifest, {Floats("fm/bias", {1, 1}, {0.25f}), Keys("fm/factors.keys", {0}),
                     Floats("fm/factors.rows", {1, 2}, {1, 2}), Keys("fm/weight.keys", {0, 3}),
                     Floats("fm/weight.rows", {2, 1}, {0.5f, -0.5f})});
  v1::TableSpec factors;
  factors.set_name("fm/factors");
  factors.set_kind(v1::TABLE_KIND_SPARSE);
  factors.set_dim(2);
  *factors.mutable_initializer() = manifest.spec().model().initializer();
  REQUIRE_OK_AND_ASSIGN(const auto initializer, server::Initializer::Create(factors, 77));
  float row1[2];
  float row3[2];
  initializer.Fill(1, row1);
  initializer.Fill(3, row3);
  // Features 0, 1 and 3; weight 1 is 0 at first.
  const double z = 0.25 + 0.5 + 0 - 0.5 + (1.0 * row1[0] + 2.0 * row1[1]) +
                   (1.0 * row3[0] + 2.0 * row3[1]) +
                   (1.0 * row1[0] * row3[0] + 1.0 * row1[1] * row3[1]);
  const std::string text = f.Output({.data = f.test.Write("x.libsvm", "1 1:1 2:1 4:1\n0 3:1\n")});
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "index,probability");
  CHECK(std::stof(lines[1].substr(2)) == Approx(1 / (1 + std::exp(-z))).epsilon(1e-5));
  CHECK(std::stof(lines[2].substr(2)) == Approx(1 / (1 + std::exp(-0.25))).epsilon(1e-5));
  CHECK(absl::StrContains(f.test.err.str(), ", auc "));
}

TEST_CASE("clusters are predicted from their sums alone") {
  Fixture f;
  v1::CutManifest manifest = Trained(v1::MODEL_KIND_KMEANS, v1::DATA_FORMAT_CSV, 1);
  manifest.mutable_spec()->mutable_model()->set_clusters(3);
  f.Write(manifest, {Floats("kmeans/sums", {3, 2}, {0, 0, 20, 2, 100, 1})});
  const std::string data = f.test.Write("x.csv", "0,0\n12,0\n99,0\n");
  CHECK(f.Output({.data = data}) == "index,cluster,squared_distance\n0,1,100\n1,1,4\n2,2,1\n");
  CHECK(absl::StrContains(f.test.err.str(), "inertia 105"));
}

TEST_CASE("labels are limited by the model, not by those that its training data had") {
  Fixture f;
  // As exports said it of models without classes, too.
  v1::CutManifest manifest = Trained(v1::MODEL_KIND_LINEAR, v1::DATA_FORMAT_CSV, 2);
  manifest.mutable_facts()->set_classes(13);
  f.Write(manifest,
          {Floats("linear/bias", {1, 1}, {0.5f}), Floats("linear/weight", {2, 1}, {2, -1})});
  const std::string data = f.test.Write("x.csv", "1,0,16\n0,4,1\n");
  CHECK(f.Output({.data = data}) == "index,value\n0,2.5\n1,-3.5\n");
  manifest.mutable_spec()->mutable_model()->set_kind(v1::MODEL_KIND_LOGISTIC);
  manifest.mutable_facts()->set_classes(1);
  f.Write(manifest,
          {Floats("logistic/bias", {1, 1}, {0}), Floats("logistic/weight", {2, 1}, {0, 0})});
  CHECK(f.Output({.data = f.test.Write("y.csv", "1,0,1\n0,4,0\n")}) ==
        "index,probability\n0,0.5\n1,0.5\n");
  // The job's own training data.
  f.test.Write("train.csv", "1,0,0\n2,1,12\n");
  const std::string job = f.test.Write("job.yaml",
                                       "name: x\n"
                                       "model: {kind: linear}\n"
                                       "data: {train: {path: train.csv, format: csv}}\n"
                                       "train: {epochs: 1}\n");
  testing::WriteArrays(
      f.test.fs, f.file,
      {Floats("linear/bias", {1, 1}, {0.5f}), Floats("linear/weight", {2, 1}, {2, -1})}, {});
  CHECK(f.Output({.model = {.job_file = job}, .data = data}) == "index,value\n0,2.5\n1,-3.5\n");
}

TEST_CASE("a job file stands in for what an export does not say") {
  Fixture f;
  testing::WriteArrays(
      f.test.fs, f.file,
      {Floats("softmax/bias", {1, 2}, {0, 0}), Floats("softmax/weight", {1, 2}, {0, 1})}, {});
  f.test.Write("train.csv", "1,0\n2,1\n");
  const std::string job = f.test.Write("job.yaml",
                                       "name: x\n"
                                       "model: {kind: softmax}\n"
                                       "data: {train: {path: train.csv, format: csv}}\n"
                                       "train: {epochs: 1}\n");
  const std::string data = f.test.Write("x.csv", "-1,0\n");
  CHECK_STATUS(f.Run({.data = data}), Code::kInvalidArgument, "do not say the job's model");
  // Features and classes are those of its training data.
  const std::string text = f.Output({.model = {.job_file = job}, .data = data});
  CHECK(absl::StartsWith(text, "index,class,p0,p1\n0,0,0.73105"));
}

TEST_CASE("a file is read as the training data, as the evaluation data, or as itself") {
  v1::DataSpec data;
  data.mutable_train()->set_path("train");
  data.mutable_train()->set_format(v1::DATA_FORMAT_CSV);
  data.mutable_train()->set_header(true);
  data.mutable_eval()->set_format(v1::DATA_FORMAT_RATINGS);
  data.mutable_eval()->set_delimiter("|");
  REQUIRE_OK_AND_ASSIGN(v1::DataFile file, PredictedFile(data, {.data = "x"}));
  CHECK(file.path() == "x");
  CHECK(file.format() == v1::DATA_FORMAT_CSV);
  CHECK(file.header());
  REQUIRE_OK_AND_ASSIGN(file, PredictedFile(data, {.data = "x", .format = "ratings"}));
  CHECK(file.delimiter() == "|");
  REQUIRE_OK_AND_ASSIGN(file, PredictedFile(data, {.data = "x", .format = "libsvm"}));
  CHECK(file.format() == v1::DATA_FORMAT_LIBSVM);
  CHECK(file.delimiter().empty());
  REQUIRE_OK_AND_ASSIGN(file, PredictedFile(data, {.data = "x", .labels = "y", .format = "idx"}));
  CHECK(file.labels() == "y");
  CHECK_STATUS(PredictedFile(data, {.data = "x", .format = "idx"}), Code::kInvalidArgument,
               "--labels: a file expected with format idx, got none");
  CHECK_STATUS(PredictedFile(data, {.data = "x", .labels = "y"}), Code::kInvalidArgument,
               "--labels: format idx expected with it, got csv");
  CHECK_STATUS(PredictedFile(data, {.data = "x", .format = "xml"}), Code::kInvalidArgument,
               "--format: a format of data.train expected, got xml");
}

TEST_CASE("what cannot be predicted is refused and named") {
  Fixture f;
  WriteLinear(&f);
  const std::string data = f.test.Write("x.csv", "1,0,3\n");
  CHECK_STATUS(f.Run({.data = "/none.csv"}), Code::kNotFound, "no such file: /none.csv");
  CHECK_STATUS(f.Run({.model = {.source = "/none"}, .data = data}), Code::kNotFound, "/none: ");
  CHECK_STATUS(f.Run({.data = f.test.Write("wide.csv", "1,2,3,4\n")}), Code::kInvalidArgument,
               "wide.csv");
  v1::CutManifest manifest = Trained(v1::MODEL_KIND_LINEAR, v1::DATA_FORMAT_CSV, 3);
  f.Write(manifest,
          {Floats("linear/bias", {1, 1}, {0.5f}), Floats("linear/weight", {2, 1}, {2, -1})});
  CHECK_STATUS(f.Run({.data = data}), Code::kInvalidArgument,
               "table linear/weight: F32 [3, 1] expected, got F32 [2, 1]");
  manifest.mutable_spec()->mutable_model()->set_kind(v1::MODEL_KIND_COUNTING);
  manifest.mutable_spec()->clear_data();
  f.Write(manifest, {Floats("counting/values", {1, 1}, {1})});
  CHECK_STATUS(f.Run({.data = data}), Code::kInvalidArgument,
               "a model of data expected, got counting, which was trained without");
}

}  // namespace
}  // namespace paceline::cli
