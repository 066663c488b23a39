#include "worker/io/task/task_job.h"

#include <catch2/catch.hpp>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "worker/io/library/testing/library_folder.h"

namespace paceline::worker {
namespace {

// Points (0, 0), (1, 0) and so on, with a label behind each.
v1::JobSpec KMeans(FileSystem* fs, int records, uint32_t clusters, uint32_t global_batch) {
  std::string text;
  for (int i = 0; i < records; ++i) absl::StrAppend(&text, i, ",0,7\n");
  REQUIRE_OK(WriteFileDurably(*fs, "/d", text));
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_KMEANS);
  spec.mutable_model()->set_clusters(clusters);
  spec.mutable_data()->mutable_train()->set_path("/d");
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
  spec.mutable_train()->set_global_batch(global_batch);
  return spec;
}

absl::StatusOr<std::unique_ptr<TaskJob>> Prepare(const v1::JobSpec& spec, FileSystem* fs,
                                                 const std::string& model_dir = "") {
  static RealClock clock;
  return PrepareTaskJob(spec, fs, "", {.clock = &clock}, CreateHostDevice, model_dir);
}

TEST_CASE("a model that starts from its data has seen them, and says what a round forgets") {
  MemoryFileSystem fs;
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<TaskJob> job, Prepare(KMeans(&fs, 40, 4, 10), &fs));
  CHECK(job->facts.records() == 40);
  CHECK(job->facts.device() == "cpu");
  REQUIRE(job->facts.tables_size() == 1);
  CHECK(job->facts.tables(0).dim() == 3);
  CHECK(job->facts.tables(0).optimizer().kind() == v1::OPTIMIZER_KIND_SUM);
  CHECK(job->facts.tables(0).optimizer().rho() == 0.75);
  // Of no points yet, all clusters are at their seeds, which are records.
  Parameters parameters(1);
  parameters[0].rows.assign(4 * 3, 0.0f);
  Batch batch;
  std::vector<uint64_t> all(40);
  std::iota(all.begin(), all.end(), uint64_t{0});
  REQUIRE_OK(job->train->Read(all, &batch));
  Predictions predictions;
  REQUIRE_OK(job->runner->Predict(batch, parameters, &predictions));
  int at_a_seed = 0;
  for (const float loss : predictions.losses) at_a_seed += loss == 0 ? 1 : 0;
  CHECK(at_a_seed == 4);
}

TEST_CASE("a round of all records, or of more, keeps nothing of the last one") {
  for (const uint32_t global_batch : {40, 4000}) {
    MemoryFileSystem fs;
    REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<TaskJob> job,
                          Prepare(KMeans(&fs, 40, 4, global_batch), &fs));
    CHECK(job->facts.tables(0).optimizer().has_rho());
    CHECK(job->facts.tables(0).optimizer().rho() == 0);
  }
}

// Training data of three classes, from 0 to `largest`, and evaluation data with label `eval`.
v1::JobSpec Labelled(FileSystem* fs, v1::ModelKind kind, int largest, int eval) {
  REQUIRE_OK(WriteFileDurably(*fs, "/d", absl::StrCat("1,0,0\n2,0,0\n3,1,", largest, "\n")));
  REQUIRE_OK(WriteFileDurably(*fs, "/e", absl::StrCat("1,0,0\n5,0,", eval, "\n")));
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(kind);
  spec.mutable_model()->set_clusters(2);
  v1::DataSpec* const data = spec.mutable_data();
  data->mutable_train()->set_path("/d");
  data->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
  data->mutable_eval()->set_path("/e");
  data->mutable_eval()->set_format(v1::DATA_FORMAT_CSV);
  return spec;
}

TEST_CASE("labels of a model without classes are not limited by those of its training data") {
  MemoryFileSystem fs;
  for (const v1::ModelKind kind :
       {v1::MODEL_KIND_LINEAR, v1::MODEL_KIND_FM, v1::MODEL_KIND_KMEANS}) {
    INFO(v1::ModelKind_Name(kind));
    v1::JobSpec spec = Labelled(&fs, kind, 12, 16);
    if (kind == v1::MODEL_KIND_FM) spec.mutable_model()->set_loss(v1::LOSS_SQUARED);
    REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<TaskJob> job, Prepare(spec, &fs));
    Batch batch;
    REQUIRE_OK(job->eval->Read({0, 1}, &batch));
    CHECK(batch.labels == std::vector<float>{0, 16});
    CHECK(job->facts.classes() == 0);
  }
}

TEST_CASE("a binary model takes label 1 in evaluation, whatever its training data had") {
  MemoryFileSystem fs;
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<TaskJob> job,
                        Prepare(Labelled(&fs, v1::MODEL_KIND_LOGISTIC, 0, 1), &fs));
  CHECK(job->eval->records() == 2);
  CHECK(job->facts.classes() == 2);
}

TEST_CASE("a label that a binary model does not have is a bad record") {
  struct Case {
    v1::DataFormat format;
    const char* text;
    const char* reason;
  };
  const Case cases[] = {
      {v1::DATA_FORMAT_CSV, "1,0,0\n2,0,1\n3,1,2\n", "/d:3: record 2: label 2: 0 or 1 expected"},
      {v1::DATA_FORMAT_LIBSVM, "0 1:1\n\n-1 1:2\n1 2:1\n",
       "/d:3: record 1: label -1: 0 or 1 expected"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    MemoryFileSystem fs;
    REQUIRE_OK(WriteFileDurably(fs, "/d", c.text));
    v1::JobSpec spec;
    spec.mutable_model()->set_kind(v1::MODEL_KIND_LOGISTIC);
    spec.mutable_data()->mutable_train()->set_path("/d");
    spec.mutable_data()->mutable_train()->set_format(c.format);
    CHECK_STATUS(Prepare(spec, &fs).status(), absl::StatusCode::kInvalidArgument, c.reason);
    spec.mutable_data()->set_on_bad_record(v1::BAD_RECORD_POLICY_SKIP);
    REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<TaskJob> job, Prepare(spec, &fs));
    CHECK(job->train->bad_records() == 1);
    Batch batch;
    REQUIRE_OK(job->train->Read({0, 1, 2}, &batch));
    CHECK(batch.labels == std::vector<float>{0, 1});
  }
}

TEST_CASE("evaluation data have the columns of the training data, in their order") {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/d", "y,n,a,b\n0,1,u,v\n1,2,w,x\n"));
  REQUIRE_OK(WriteFileDurably(fs, "/few", "y,n,a\n0,1,u\n"));
  REQUIRE_OK(WriteFileDurably(fs, "/other", "y,n,b,a\n0,1,u,v\n"));
  REQUIRE_OK(WriteFileDurably(fs, "/same", "n,y,a,b\n1,0,u,v\n"));
  for (const v1::ModelKind kind : {v1::MODEL_KIND_LOGISTIC, v1::MODEL_KIND_WIDE_DEEP}) {
    INFO(v1::ModelKind_Name(kind));
    v1::JobSpec spec;
    spec.mutable_model()->set_kind(kind);
    if (kind == v1::MODEL_KIND_WIDE_DEEP) spec.mutable_model()->add_hidden(4);
    spec.mutable_data()->set_hash_buckets(10);
    const auto file = [](const char* path, const std::vector<std::string>& categories) {
      v1::DataFile made;
      made.set_path(path);
      made.set_format(v1::DATA_FORMAT_CSV);
      made.set_header(true);
      made.set_label("y");
      for (const std::string& name : categories) made.add_categories(name);
      return made;
    };
    *spec.mutable_data()->mutable_train() = file("/d", {"a", "b"});
    *spec.mutable_data()->mutable_eval() = file("/same", {"a", "b"});
    CHECK_OK(Prepare(spec, &fs).status());
    *spec.mutable_data()->mutable_eval() = file("/few", {"a"});
    CHECK_STATUS(Prepare(spec, &fs).status(), absl::StatusCode::kInvalidArgument,
                 "/few: the columns of /d expected in their order: columns of numbers and of "
                 "categories: 1 and 2 expected, got 1 and 1");
    *spec.mutable_data()->mutable_eval() = file("/other", {"a", "b"});
    CHECK_STATUS(Prepare(spec, &fs).status(), absl::StatusCode::kInvalidArgument,
                 "/other: the columns of /d expected in their order: column 2 (\"a\") expected, "
                 "got column 2 (\"b\")");
  }
}

TEST_CASE("a Criteo file is paired with a csv file by its counts: it has no header") {
  MemoryFileSystem fs;
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LOGISTIC);
  spec.mutable_data()->mutable_train()->set_path("/d");
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_CRITEO);
  v1::DataFile* const eval = spec.mutable_data()->mutable_eval();
  eval->set_path("/e");
  eval->set_format(v1::DATA_FORMAT_CSV);
  eval->set_label("y");
  eval->set_header(true);
  std::string header = "y";
  std::string line = "1";
  for (int column = 1; column < 40; ++column) {
    absl::StrAppend(&header, ",x", column);
    absl::StrAppend(&line, ",", column);
    if (column > 13) eval->add_categories(absl::StrCat("x", column));
  }
  REQUIRE_OK(WriteFileDurably(fs, "/d", absl::StrCat("1", std::string(39, '\t'), "\n")));
  REQUIRE_OK(WriteFileDurably(fs, "/e", absl::StrCat(header, "\n", line, "\n")));
  CHECK_OK(Prepare(spec, &fs).status());
}

TEST_CASE("a model of classes evaluates the classes of its training data") {
  MemoryFileSystem fs;
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<TaskJob> job,
                        Prepare(Labelled(&fs, v1::MODEL_KIND_SOFTMAX, 2, 2), &fs));
  CHECK(job->facts.classes() == 3);
  CHECK_STATUS(Prepare(Labelled(&fs, v1::MODEL_KIND_SOFTMAX, 2, 3), &fs).status(),
               absl::StatusCode::kInvalidArgument,
               "/e:2: record 1: label 3: an integer from 0 to 2 expected");
}

TEST_CASE("data that a model cannot start from are refused") {
  MemoryFileSystem fs;
  CHECK_STATUS(Prepare(KMeans(&fs, 3, 4, 10), &fs).status(), absl::StatusCode::kInvalidArgument,
               "got 4 clusters of 3 records");
}

TEST_CASE("a click model gets fields, and sparse tables a schedule of their own") {
  MemoryFileSystem fs;
  std::string text;
  for (int i = 0; i < 30; ++i) absl::StrAppend(&text, i % 2, ",0.5,c", i % 3, "\n");
  REQUIRE_OK(WriteFileDurably(fs, "/d", text));
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_DEEPFM);
  spec.mutable_model()->add_hidden(4);
  v1::DataFile* const file = spec.mutable_data()->mutable_train();
  file->set_path("/d");
  file->set_format(v1::DATA_FORMAT_CSV);
  file->set_label("0");
  file->add_categories("2");
  spec.mutable_data()->set_hash_buckets(50);
  spec.mutable_data()->set_holdout(0.2);
  v1::TrainSpec* const train = spec.mutable_train();
  train->set_global_batch(8);
  train->set_epochs(3);
  for (v1::OptimizerSpec* optimizer :
       {train->mutable_optimizer(), train->mutable_sparse_optimizer()}) {
    optimizer->mutable_schedule()->set_kind(v1::SCHEDULE_KIND_COSINE);
  }
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<TaskJob> job, Prepare(spec, &fs));
  CHECK(job->facts.features() == 51);
  // 24 records make three rounds an epoch.
  for (const v1::TableSpec& table : job->facts.tables()) {
    INFO(table.name());
    CHECK(table.optimizer().schedule().total_iterations() == 9);
  }
  for (Dataset* data : {job->train.get(), job->eval.get()}) {
    Batch batch;
    REQUIRE_OK(data->Read({0, 1}, &batch));
    CHECK(batch.fields == 1);
    CHECK(batch.features == 1);
    std::vector<std::vector<uint64_t>> keys;
    job->model->Keys(batch, &keys);
    Parameters parameters(keys.size());
    for (size_t t = 0; t < keys.size(); ++t) {
      const v1::TableSpec& table = job->model->tables()[t];
      const bool sparse = table.kind() == v1::TABLE_KIND_SPARSE;
      parameters[t].keys = keys[t];
      parameters[t].rows.resize((sparse ? keys[t].size() : table.rows()) * table.dim());
    }
    Predictions predictions;
    REQUIRE_OK(job->runner->Predict(batch, parameters, &predictions));
    CHECK(predictions.scores == std::vector<float>{0.5f, 0.5f});
  }
}

TEST_CASE("a library is opened from its folder, and is part of what decides the bits") {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/d", "1,2,1\n3,4,0\n"));
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LIBRARY);
  spec.mutable_model()->mutable_library()->set_file("poisson.so");
  for (const char* name : {"weight", "bias"}) {
    v1::LibraryTableSpec* table = spec.mutable_model()->mutable_library()->add_tables();
    table->set_name(name);
    table->set_dim(1);
  }
  spec.mutable_data()->mutable_train()->set_path("/d");
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
  CHECK_STATUS(Prepare(spec, &fs).status(), absl::StatusCode::kFailedPrecondition,
               "the worker was started without --model-dir");
  const testing::LibraryFolder folder({"worker/api/poisson.so"});
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<TaskJob> job, Prepare(spec, &fs, folder.path()));
  REQUIRE(job->facts.tables_size() == 2);
  CHECK(job->facts.tables(0).name() == "bias");
  CHECK(job->facts.tables(1).rows() == 2);
  CHECK(job->facts.classes() == 2);
  // It is told the classes of its data, but they limit no label.
  REQUIRE_OK(WriteFileDurably(fs, "/e", "1,2,7\n"));
  *spec.mutable_data()->mutable_eval() = spec.data().train();
  spec.mutable_data()->mutable_eval()->set_path("/e");
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<TaskJob> evaluated,
                        Prepare(spec, &fs, folder.path()));
  CHECK(evaluated->facts.classes() == 2);
  CHECK_THAT(job->facts.numeric_class(),
             Catch::Matchers::Matches("cpu/.* library poisson\\.so-[0-9a-f]{16}"));
}

}  // namespace
}  // namespace paceline::worker
