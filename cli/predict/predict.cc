#include "cli/predict/predict.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/datagen/sink.h"
#include "cli/predict/prediction_lines.h"
#include "cli/predict/predictor.h"
#include "cli/temp_folder.h"
#include "common/json/proto_json.h"
#include "common/spec/enum_names.h"
#include "common/spec/label_kind.h"
#include "common/status/status_macros.h"
#include "common/tables/model_tables.h"
#include "worker/core/dataset.h"
#include "worker/core/eval/batch_records.h"
#include "worker/core/eval/metrics.h"
#include "worker/io/data/open_dataset.h"

namespace paceline::cli {
namespace {

absl::Status CheckOptions(const PredictOptions& options, FileSystem& fs) {
  for (const std::string& path : {options.data, options.labels}) {
    if (path.empty()) continue;
    if (path == options.out) {
      return absl::InvalidArgumentError(
          absl::StrCat("--out: another file than ", path, " expected, which is read"));
    }
    if (!fs.Exists(path)) return absl::NotFoundError(absl::StrCat("no such file: ", path));
  }
  return absl::OkStatus();
}

// What a job file leaves to be found in the training data.
absl::Status FindShape(const std::string& index_dir, FileSystem& fs, v1::JobSpec* job) {
  v1::DataSpec* data = job->mutable_data();
  if (data->features() != 0 && ModelTables(*job, data->features(), data->classes()).ok()) {
    return absl::OkStatus();
  }
  LimitLabels(job->model(), /*found=*/0, data);
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<worker::Dataset> train,
                      worker::OpenDataset(data->train(), *data, &fs, index_dir,
                                          worker::CategoryFormOf(job->model().kind())));
  data->set_features(train->features());
  LimitLabels(job->model(), train->classes(), data);
  // A library is told them, also where they limit no label.
  if (job->model().kind() == v1::MODEL_KIND_LIBRARY && data->classes() == 0) {
    data->set_classes(train->classes());
  }
  return absl::OkStatus();
}

// The data section that the predicted file is read with. A model without classes may have
// them in its job all the same, as they were found in its training data.
v1::DataSpec PredictedData(const v1::JobSpec& job) {
  v1::DataSpec data = job.data();
  if (LabelKindOf(job.model()) == LabelKind::kAny) data.clear_classes();
  LimitLabels(job.model(), /*found=*/0, &data);
  return data;
}

// Reads `count` records from `first` on; `numbers` get those that could be read.
absl::Status ReadRecords(worker::Dataset* data, uint64_t first, uint64_t count,
                         std::vector<uint64_t>* numbers, worker::Batch* batch) {
  numbers->resize(count);
  std::iota(numbers->begin(), numbers->end(), first);
  PL_RETURN_IF_ERROR(data->Read(*numbers, batch));
  if (batch->size() == count) return absl::OkStatus();
  std::vector<uint64_t> good;
  worker::Batch one;
  for (const uint64_t number : *numbers) {
    PL_RETURN_IF_ERROR(data->Read({&number, 1}, &one));
    if (one.size() == 1) good.push_back(number);
  }
  *numbers = std::move(good);
  if (batch->size() == numbers->size()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("records ", first, " to ", first + count - 1, ": ",
                                          batch->size(), " that can be read expected, got ",
                                          numbers->size()));
}

void PrintMetrics(const std::string& path, const worker::Metrics& metrics, uint64_t bad_records,
                  OutputFormat format, Environment& env) {
  nlohmann::ordered_json all = {{"data", path}, {"records", metrics.records()}};
  if (bad_records > 0) all["bad_records"] = bad_records;
  const auto eval =
      nlohmann::ordered_json::parse(ProtoToJson(metrics.Finish(), JsonLayout::kOneLine));
  if (format == OutputFormat::kJson) {
    all["eval"] = eval;
    env.err << all.dump(-1, ' ', /*ensure_ascii=*/false,
                        nlohmann::ordered_json::error_handler_t::replace)
            << std::endl;
    return;
  }
  std::string line = absl::StrCat(path, ": records ", metrics.records());
  if (bad_records > 0) absl::StrAppend(&line, ", bad_records ", bad_records);
  for (const auto& [name, value] : eval.items()) {
    // What is not finite is a text.
    absl::StrAppend(&line, ", ", name, " ",
                    value.is_number() ? absl::StrFormat("%.6g", value.get<double>())
                                      : value.get<std::string>());
  }
  env.err << line << std::endl;
}

}  // namespace

absl::StatusOr<v1::DataFile> PredictedFile(const v1::DataSpec& data,
                                           const PredictOptions& options) {
  v1::DataFile file = data.train();
  if (!options.format.empty()) {
    const auto* format = FindEnumWord(*v1::DataFormat_descriptor(), options.format);
    if (format == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("--format: a format of data.train expected, got ", options.format));
    }
    const auto wanted = static_cast<v1::DataFormat>(format->number());
    if (file.format() != wanted) file = data.eval();
    if (file.format() != wanted) file.Clear();
    file.set_format(wanted);
  }
  const bool has_labels = file.format() == v1::DATA_FORMAT_IDX;
  if (has_labels == options.labels.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--labels: ",
                                                   has_labels
                                                       ? "a file expected with format idx, got none"
                                                       : "format idx expected with it, got ",
                                                   has_labels ? "" : EnumWord(file.format())));
  }
  file.set_path(options.data);
  file.set_labels(options.labels);
  return file;
}

absl::StatusOr<ExitCode> Predict(const PredictOptions& options, OutputFormat format,
                                 SchedulerClient& client, Environment& env) {
  PL_RETURN_IF_ERROR(CheckOptions(options, env.fs));
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<TrainedModel> trained,
                      TrainedModel::Open(options.model, client, env));
  v1::JobSpec job = trained->job();
  if (!job.has_data()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.model.source, ": a model of data expected, got ",
                     EnumWord(job.model().kind()), ", which was trained without"));
  }
  // Indexes of the data, and unpacked files.
  PL_ASSIGN_OR_RETURN(const TempFolder scratch, TempFolder::Create(env.temp_dir));
  PL_RETURN_IF_ERROR(FindShape(scratch.path(), env.fs, &job));
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<Predictor> predictor,
                      Predictor::Create(job, *trained, options.model_dir));
  PL_ASSIGN_OR_RETURN(const v1::DataFile file, PredictedFile(job.data(), options));
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<worker::Dataset> data,
                      worker::OpenDataset(file, PredictedData(job), &env.fs, scratch.path(),
                                          worker::CategoryFormOf(job.model().kind())));

  PL_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> out, Sink::Open(options.out, &env));
  PredictionLines lines(job.model(), format == OutputFormat::kJson);
  worker::Metrics metrics = worker::Metrics::For(job.model());
  worker::Batch batch;
  worker::Predictions predictions;
  std::vector<uint64_t> numbers;
  std::string text;
  const uint64_t at_once = worker::EvaluationBatchRecords(*data);
  for (uint64_t first = 0; first < data->records(); first += at_once) {
    if (env.interrupt.requested()) return absl::CancelledError("interrupted");
    const uint64_t count = std::min(at_once, data->records() - first);
    PL_RETURN_IF_ERROR(ReadRecords(data.get(), first, count, &numbers, &batch));
    if (numbers.empty()) continue;
    PL_RETURN_IF_ERROR(predictor->Predict(batch, &predictions));
    if (predictions.width == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          options.model.source, ": a model that says something of records expected, got ",
          EnumWord(job.model().kind())));
    }
    PL_RETURN_IF_ERROR(metrics.Add(predictions, batch.labels));
    text.clear();
    lines.Append(numbers, predictions, &text);
    PL_RETURN_IF_ERROR(out->Append(text));
  }
  PL_RETURN_IF_ERROR(out->Close());
  PrintMetrics(options.data, metrics, data->bad_records(), format, env);
  return ExitCode::kOk;
}

}  // namespace paceline::cli
