// The end of data.train, held out for evaluation.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/fs.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "worker/io/task/device_factory.h"
#include "worker/io/task/task_job.h"

namespace paceline::worker {
namespace {

v1::JobSpec Spec(v1::ModelKind kind, v1::DataFormat format) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(kind);
  spec.mutable_data()->mutable_train()->set_path("/train");
  spec.mutable_data()->mutable_train()->set_format(format);
  spec.mutable_data()->set_holdout(0.3);
  spec.mutable_train()->set_epochs(1);
  spec.mutable_resources()->set_device(v1::DEVICE_KIND_CPU);
  return spec;
}

absl::StatusOr<std::unique_ptr<TaskJob>> Prepare(const v1::JobSpec& spec, FileSystem* fs,
                                                 Clock* clock) {
  DeviceOptions device;
  device.kind = v1::DEVICE_KIND_CPU;
  device.clock = clock;
  return PrepareTaskJob(spec, fs, "", device, CreateHostDevice);
}

TEST_CASE("records of the end are evaluated, all others trained on") {
  RealClock clock;
  MemoryFileSystem fs;
  std::string text;
  // The label is the number of the record; the last feature occurs at the end only.
  for (int i = 0; i < 11; ++i) absl::StrAppend(&text, i, " ", i == 10 ? 7 : 1, ":1\n");
  REQUIRE_OK(WriteFileDurably(fs, "/train", text));
  REQUIRE_OK_AND_ASSIGN(const auto job,
                        Prepare(Spec(v1::MODEL_KIND_LINEAR, v1::DATA_FORMAT_LIBSVM), &fs, &clock));
  CHECK(job->facts.records() == 8);
  CHECK(job->facts.eval_records() == 3);
  CHECK(job->facts.features() == 7);
  CHECK(job->train->records() == 8);
  REQUIRE(job->eval != nullptr);
  Batch batch;
  REQUIRE_OK(job->train->Read({0, 7}, &batch));
  CHECK(batch.labels == std::vector<float>{0, 7});
  CHECK_STATUS(job->train->Read({8}, &batch), absl::StatusCode::kOutOfRange, "record 8 of 8");
  REQUIRE_OK(job->eval->Read({0, 2}, &batch));
  CHECK(batch.labels == std::vector<float>{8, 10});
}

TEST_CASE("a language model's windows are held out likewise, and every byte predicted once") {
  RealClock clock;
  MemoryFileSystem fs;
  v1::JobSpec spec = Spec(v1::MODEL_KIND_LM, v1::DATA_FORMAT_TEXT);
  spec.mutable_model()->mutable_lm()->set_context(4);
  REQUIRE_OK(WriteFileDurably(fs, "/train", "abcdefghijklmnopqrstuvwxyz"));
  REQUIRE_OK_AND_ASSIGN(const auto job, Prepare(spec, &fs, &clock));
  CHECK(job->facts.features() == 5);
  CHECK(job->facts.records() == 5);
  CHECK(job->facts.eval_records() == 1);
  Batch batch;
  REQUIRE_OK(job->train->Read({4}, &batch));
  CHECK(batch.dense_values == std::vector<float>{'q', 'r', 's', 't', 'u'});
  REQUIRE_OK(job->eval->Read({0}, &batch));
  CHECK(batch.dense_values == std::vector<float>{'u', 'v', 'w', 'x', 'y'});
}

TEST_CASE("one record cannot be held out and trained on") {
  RealClock clock;
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/train", "1 1:1\n"));
  CHECK_STATUS(Prepare(Spec(v1::MODEL_KIND_LINEAR, v1::DATA_FORMAT_LIBSVM), &fs, &clock).status(),
               absl::StatusCode::kInvalidArgument, "data.holdout: at least 2 records expected");
}

}  // namespace
}  // namespace paceline::worker
