#include "cli/export/export_metadata.h"

#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/match.h"
#include "common/json/proto_json.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

constexpr char kPath[] = "/x.safetensors";
using Code = absl::StatusCode;

v1::CutManifest Manifest() {
  v1::CutManifest manifest;
  manifest.set_job_name("clicks");
  manifest.set_job_id(7);
  manifest.set_cut_id(3);
  v1::JobSpec* job = manifest.mutable_spec();
  job->mutable_model()->set_kind(v1::MODEL_KIND_FM);
  job->mutable_model()->set_factors(4);
  v1::DataSpec* data = job->mutable_data();
  data->set_scale(0.5);
  data->mutable_train()->set_path("/secret/train.csv");
  data->mutable_train()->set_labels("/secret/labels");
  data->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
  data->mutable_train()->set_delimiter(";");
  job->mutable_train()->set_seed(uint64_t{1} << 60);
  manifest.mutable_facts()->set_features(123);
  manifest.mutable_facts()->set_classes(2);
  return manifest;
}

TEST_CASE("what is written is read: model, data as training found them, seed") {
  const TensorMetadata metadata = ExportMetadata(Manifest());
  CHECK(metadata.at("job") == "clicks");
  CHECK(metadata.at("job_id") == "7");
  CHECK(metadata.at("cut_id") == "3");
  CHECK_FALSE(absl::StrContains(metadata.at("data"), "secret"));
  REQUIRE_OK_AND_ASSIGN(const v1::JobSpec job, ExportedJob(kPath, metadata));
  CHECK(job.model().kind() == v1::MODEL_KIND_FM);
  CHECK(job.model().factors() == 4);
  CHECK(job.model().loss() == v1::LOSS_LOGISTIC);
  CHECK(job.data().scale() == 0.5);
  CHECK(job.data().train().delimiter() == ";");
  CHECK(job.data().features() == 123);
  CHECK(job.data().classes() == 2);
  CHECK_FALSE(job.data().has_eval());
  CHECK(job.train().seed() == uint64_t{1} << 60);
}

TEST_CASE("evaluation data are said too, where there are some") {
  v1::CutManifest manifest = Manifest();
  manifest.mutable_spec()->mutable_data()->mutable_eval()->set_format(v1::DATA_FORMAT_LIBSVM);
  REQUIRE_OK_AND_ASSIGN(const v1::JobSpec job, ExportedJob(kPath, ExportMetadata(manifest)));
  CHECK(job.data().eval().format() == v1::DATA_FORMAT_LIBSVM);
}

TEST_CASE("a model without data has none; a manifest without a job says none") {
  v1::CutManifest manifest = Manifest();
  manifest.mutable_spec()->clear_data();
  REQUIRE_OK_AND_ASSIGN(const v1::JobSpec job, ExportedJob(kPath, ExportMetadata(manifest)));
  CHECK_FALSE(job.has_data());
  manifest.clear_spec();
  CHECK(ExportMetadata(manifest).size() == 3);
}

TEST_CASE("metadata that cannot be read are named") {
  TensorMetadata metadata = ExportMetadata(Manifest());
  metadata.erase("model");
  CHECK_STATUS(ExportedJob(kPath, metadata), Code::kInvalidArgument,
               "/x.safetensors: its metadata do not say the job's model; export the job again");
  metadata["model"] = "{";
  CHECK_STATUS(ExportedJob(kPath, metadata), Code::kInvalidArgument, "model of its metadata: ");
  metadata = ExportMetadata(Manifest());
  metadata["data"] = "{\"colour\": 1}";
  CHECK_STATUS(ExportedJob(kPath, metadata), Code::kInvalidArgument, "data of its metadata: ");
  metadata = ExportMetadata(Manifest());
  metadata["seed"] = "soon";
  CHECK_STATUS(ExportedJob(kPath, metadata), Code::kInvalidArgument,
               "seed of its metadata: a whole number expected, got \"soon\"");
}

}  // namespace
}  // namespace paceline::cli
