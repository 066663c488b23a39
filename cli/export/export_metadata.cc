#include "cli/export/export_metadata.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/json/proto_json.h"
#include "common/spec/defaults.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

// As predictions need it; where the data of a job lie is nobody else's business.
v1::DataSpec DataOf(const v1::CutManifest& manifest) {
  v1::DataSpec data = manifest.spec().data();
  for (v1::DataFile* file : {data.mutable_train(), data.mutable_eval()}) {
    file->clear_path();
    file->clear_labels();
  }
  if (!manifest.spec().data().has_eval()) data.clear_eval();
  data.set_features(manifest.facts().features());
  data.set_classes(manifest.facts().classes());
  return data;
}

absl::Status ReadSection(const std::string& path, const TensorMetadata& metadata, const char* name,
                         google::protobuf::Message* section) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": its metadata do not say the job's ", name,
                     "; export the job again, or name its job file with --job-file"));
  }
  const absl::Status read = JsonToProto(found->second, section);
  if (read.ok()) return read;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", name, " of its metadata: ", read.message()));
}

}  // namespace

TensorMetadata ExportMetadata(const v1::CutManifest& manifest) {
  TensorMetadata metadata = {{"job", manifest.job_name()},
                             {"job_id", absl::StrCat(manifest.job_id())},
                             {"cut_id", absl::StrCat(manifest.cut_id())}};
  if (!manifest.has_spec()) return metadata;
  const v1::JobSpec& job = manifest.spec();
  metadata["model"] = ProtoToJson(job.model(), JsonLayout::kOneLine);
  metadata["seed"] = absl::StrCat(WithDefaults(job).train().seed());
  if (job.has_data()) metadata["data"] = ProtoToJson(DataOf(manifest), JsonLayout::kOneLine);
  return metadata;
}

absl::StatusOr<v1::JobSpec> ExportedJob(const std::string& path, const TensorMetadata& metadata) {
  v1::JobSpec job;
  PL_RETURN_IF_ERROR(ReadSection(path, metadata, "model", job.mutable_model()));
  if (metadata.count("data") > 0) {
    PL_RETURN_IF_ERROR(ReadSection(path, metadata, "data", job.mutable_data()));
  }
  if (const auto seed = metadata.find("seed"); seed != metadata.end()) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(seed->second, &number)) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": seed of its metadata: a whole number expected, got \"", seed->second, "\""));
    }
    job.mutable_train()->set_seed(number);
  }
  return WithDefaults(job);
}

}  // namespace paceline::cli
