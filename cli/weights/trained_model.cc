#include "cli/weights/trained_model.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/export/export.h"
#include "cli/export/export_metadata.h"
#include "cli/job_file.h"
#include "cli/scheduler_client.h"
#include "common/fs.h"
#include "common/spec/cut_name.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

absl::Status CheckFile(const std::string& path, FileSystem& fs) {
  if (!fs.Exists(path)) {
    return absl::NotFoundError(absl::StrCat(
        path,
        ": a job (7, 7@CUT or 7@best) or a .safetensors file expected, and there is no such file"));
  }
  if (absl::EndsWithIgnoreCase(path, ".npz")) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a .safetensors file expected (.npz does not say its model)"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrainedModel>> TrainedModel::Open(const ModelSource& source,
                                                                 SchedulerClient& client,
                                                                 Environment& env) {
  const absl::StatusOr<CutName> cut = ParseCutName(source.source);
  const bool is_job = cut.ok() && cut->dir.empty();
  std::unique_ptr<TempFolder> folder;
  std::string path = source.source;
  if (is_job) {
    if (!source.job_file.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--job-file: a .safetensors file expected with it, got job ", cut->job_id));
    }
    PL_ASSIGN_OR_RETURN(TempFolder created, TempFolder::Create(env.temp_dir));
    folder = std::make_unique<TempFolder>(std::move(created));
    path = JoinPath(folder->path(), "model.safetensors");
    const ExportOptions options{
        .job_id = cut->job_id, .cut_id = cut->cut_id, .file = path, .best = cut->best};
    PL_RETURN_IF_ERROR(WriteExport(options, client, env).status());
  } else {
    PL_RETURN_IF_ERROR(CheckFile(path, env.fs));
  }
  std::unique_ptr<TrainedModel> model(new TrainedModel(
      std::move(folder), is_job ? absl::StrCat("job ", source.source) : source.source));
  PL_ASSIGN_OR_RETURN(model->file_, SafetensorsReader::Open(env.fs, path));
  if (source.job_file.empty()) {
    PL_ASSIGN_OR_RETURN(model->job_, ExportedJob(model->name_, model->file_->metadata()));
  } else {
    PL_ASSIGN_OR_RETURN(model->job_, LoadJobFile(env.fs, source.job_file));
  }
  return model;
}

absl::StatusOr<std::unique_ptr<ExportedRows>> TrainedModel::Rows(
    std::vector<v1::TableSpec> tables) const {
  return ExportedRows::Open(name_, file_.get(), std::move(tables), job_.train().seed());
}

}  // namespace paceline::cli
