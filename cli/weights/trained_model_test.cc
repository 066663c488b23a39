// From what a user names to a model: a file, a job, a cut.
#include "cli/weights/trained_model.h"

#include <grpcpp/security/credentials.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/fake_scheduler.h"
#include "cli/scheduler_client.h"
#include "cli/test_environment.h"
#include "cli/weights/export_fixture.h"
#include "common/fs.h"
#include "common/json/proto_json.h"
#include "common/rpc/channel.h"
#include "common/status/status_matchers.h"
#include "common/xxh3/xxh3.h"

namespace paceline::cli {
namespace {

using Code = absl::StatusCode;
using testing::Floats;

struct Fixture {
  FakeScheduler scheduler;
  TestEnvironment test;
  SchedulerClient client{scheduler.address(),
                         MakeChannel(scheduler.address(), grpc::InsecureChannelCredentials()),
                         &test.interrupt};
  std::string file = JoinPath(test.folder.path(), "x.safetensors");

  absl::StatusOr<std::unique_ptr<TrainedModel>> Open(const std::string& source,
                                                     const std::string& job_file = "") {
    return TrainedModel::Open({.source = source, .job_file = job_file}, client, test.env);
  }
};

// Of the one table of the fixtures, [1, 2].
worker::TensorFloats Weights(const TrainedModel& model) {
  v1::TableSpec table;
  table.set_name("w");
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(1);
  table.set_dim(2);
  REQUIRE_OK_AND_ASSIGN(const auto rows, model.Rows({table}));
  REQUIRE_OK_AND_ASSIGN(const worker::Parameters parameters, rows->Dense());
  return parameters[0].rows;
}

std::vector<v1::CutChunk> CutOfJob1(Fixture* f) {
  const std::string path = JoinPath(f->test.folder.path(), "shard");
  testing::WriteArrays(f->test.fs, path, {Floats("rows", {1, 2}, {3, 4})}, {});
  std::vector<v1::CutChunk> chunks(2);
  chunks[1].set_file("shard-0.safetensors");
  REQUIRE_OK_AND_ASSIGN(*chunks[1].mutable_data(), ReadFile(f->test.fs, path));
  v1::CutManifest manifest;
  manifest.set_format_version(1);
  manifest.set_job_id(1);
  manifest.set_cut_id(4);
  manifest.mutable_spec()->mutable_model()->set_kind(v1::MODEL_KIND_SOFTMAX);
  manifest.mutable_spec()->mutable_data()->mutable_train()->set_path("/secret");
  manifest.mutable_facts()->set_features(12);
  v1::TableSpec* table = manifest.add_tables();
  table->set_name("w");
  table->set_kind(v1::TABLE_KIND_DENSE);
  table->set_rows(1);
  table->set_dim(2);
  manifest.add_shards()->set_rows(1);
  v1::CutFile* file = manifest.add_files();
  file->set_name(chunks[1].file());
  file->set_bytes(chunks[1].data().size());
  file->set_xxh3(Xxh3Hex(chunks[1].data()));
  chunks[0].set_file("manifest.json");
  chunks[0].set_data(ProtoToJson(manifest, JsonLayout::kIndented));
  return chunks;
}

TEST_CASE("a file says which model it is") {
  Fixture f;
  testing::WriteArrays(f.test.fs, f.file, {Floats("w", {1, 2}, {1, 2})},
                       {{"model", "{\"kind\": \"MODEL_KIND_FM\"}"}, {"seed", "7"}});
  REQUIRE_OK_AND_ASSIGN(const auto model, f.Open(f.file));
  CHECK(model->job().model().kind() == v1::MODEL_KIND_FM);
  CHECK(model->job().model().factors() == 8);
  CHECK(model->job().train().seed() == 7);
  CHECK(Weights(*model) == worker::TensorFloats{1, 2});
}

TEST_CASE("a job is its newest cut, or the one that is named, and leaves nothing behind") {
  Fixture f;
  f.scheduler.SetCut(CutOfJob1(&f));
  const auto before = *f.test.fs.List(f.test.folder.path());
  for (const char* source : {"1", "1@4"}) {
    REQUIRE_OK_AND_ASSIGN(const auto model, f.Open(source));
    CHECK(model->job().model().kind() == v1::MODEL_KIND_SOFTMAX);
    CHECK(model->job().data().features() == 12);
    CHECK(Weights(*model) == worker::TensorFloats{3, 4});
  }
  CHECK(*f.test.fs.List(f.test.folder.path()) == before);
  CHECK(f.test.out.str().empty());
  CHECK(f.test.err.str().empty());
  CHECK_STATUS(f.Open("7"), Code::kNotFound, "no job 7");
}

TEST_CASE("a job file says what an export does not") {
  Fixture f;
  testing::WriteArrays(f.test.fs, f.file, {Floats("w", {1, 2}, {1, 2})}, {});
  CHECK_STATUS(f.Open(f.file), Code::kInvalidArgument,
               absl::StrCat(f.file, ": its metadata do not say the job's model"));
  const std::string job = f.test.Write("job.yaml",
                                       "name: x\n"
                                       "model: {kind: logistic}\n"
                                       "data: {train: {path: t.csv, format: csv}}\n"
                                       "train: {epochs: 1, seed: 5}\n");
  REQUIRE_OK_AND_ASSIGN(const auto model, f.Open(f.file, job));
  CHECK(model->job().model().kind() == v1::MODEL_KIND_LOGISTIC);
  CHECK(model->job().train().seed() == 5);
  CHECK_STATUS(f.Open("1", job), Code::kInvalidArgument,
               "--job-file: a .safetensors file expected with it, got job 1");
  const std::string bad = f.test.Write("bad.yaml", "name: x\nmodel: {knd: fm}\n");
  CHECK_STATUS(f.Open(f.file, bad), Code::kInvalidArgument, "bad.yaml:2: model.knd: unknown key");
}

TEST_CASE("what is neither a job nor an export is refused and named") {
  Fixture f;
  CHECK_STATUS(f.Open("7@"), Code::kNotFound,
               "7@: a job (7, 7@CUT or 7@best) or a .safetensors file");
  CHECK_STATUS(f.Open("/no/such"), Code::kNotFound, "/no/such: a job");
  CHECK_STATUS(f.Open(f.test.Write("x.npz", "PK")), Code::kInvalidArgument,
               "x.npz: a .safetensors file expected");
  CHECK_STATUS(f.Open(f.test.Write("x.txt", "not a file of tensors")), Code::kDataLoss, "x.txt");
}

}  // namespace
}  // namespace paceline::cli
