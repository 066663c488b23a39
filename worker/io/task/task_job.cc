#include "worker/io/task/task_job.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/partition/rounds.h"
#include "common/spec/defaults.h"
#include "common/spec/label_kind.h"
#include "common/spec/library_class.h"
#include "common/status/status_macros.h"
#include "worker/core/data/category_parser.h"
#include "worker/core/data/csv_columns.h"
#include "worker/core/data/range_dataset.h"
#include "worker/io/data/open_dataset.h"
#include "worker/io/library/open_model.h"
#include "worker/io/task/device_factory.h"

namespace paceline::worker {
namespace {

// Splits data.train, whose training part job->train is to become. Both parts open the file:
// they are read by threads of their own.
absl::Status HoldOut(FileSystem* fs, const std::string& index_dir, CategoryForm form,
                     TaskJob* job) {
  const v1::DataSpec& data = job->spec.data();
  const uint64_t all = job->train->records();
  PL_ASSIGN_OR_RETURN(const uint64_t held, HeldOutRecords(data.holdout(), all));
  PL_ASSIGN_OR_RETURN(auto again, OpenDataset(data.train(), data, fs, index_dir, form));
  job->eval = std::make_unique<RangeDataset>(std::move(again), all - held, held);
  job->train = std::make_unique<RangeDataset>(std::move(job->train), 0, all - held);
  return absl::OkStatus();
}

// Evaluation data whose columns are others would pair features with wrong weights.
absl::Status CheckEvalColumns(const v1::DataSpec& data, const TaskJob& job) {
  const CsvColumns* const train = job.train->csv_columns();
  const CsvColumns* const eval = job.eval->csv_columns();
  if (train == nullptr || eval == nullptr) return absl::OkStatus();
  CsvColumns got = *eval;
  // Criteo's columns have names without a header.
  if (!data.train().header() || !data.eval().header()) got.names.clear();
  const absl::Status same = CheckSameColumns(*train, got);
  if (same.ok()) return same;
  return absl::InvalidArgumentError(absl::StrCat(data.eval().path(), ": the columns of ",
                                                 data.train().path(),
                                                 " expected in their order: ", same.message()));
}

absl::Status OpenData(FileSystem* fs, const std::string& index_dir, TaskJob* job) {
  v1::DataSpec* data = job->spec.mutable_data();
  if (data->train().path().empty()) return absl::OkStatus();
  const CategoryForm form = CategoryFormOf(job->spec.model().kind());
  // Labels that the model does not have are bad records, which data.on_bad_record is about.
  LimitLabels(job->spec.model(), /*found=*/0, data);
  PL_ASSIGN_OR_RETURN(job->train, OpenDataset(data->train(), *data, fs, index_dir, form));
  // Evaluation data are read in the shape of the training data.
  if (data->features() == 0) data->set_features(job->train->features());
  LimitLabels(job->spec.model(), job->train->classes(), data);
  if (!data->eval().path().empty()) {
    PL_ASSIGN_OR_RETURN(job->eval, OpenDataset(data->eval(), *data, fs, index_dir, form));
    PL_RETURN_IF_ERROR(CheckEvalColumns(*data, *job));
  }
  if (data->holdout() != 0) PL_RETURN_IF_ERROR(HoldOut(fs, index_dir, form, job));
  // A library is told them, also where they limit no label.
  if (job->spec.model().kind() == v1::MODEL_KIND_LIBRARY && data->classes() == 0) {
    data->set_classes(job->train->classes());
  }
  job->order.emplace(RecordOrder::FromSpec(*data, job->spec.train().seed(), job->train->records()));
  return absl::OkStatus();
}

void FillSchedule(uint64_t records, const v1::TrainSpec& train, v1::ScheduleSpec* schedule) {
  if (schedule->kind() != v1::SCHEDULE_KIND_COSINE || schedule->total_iterations() != 0) return;
  schedule->set_total_iterations(
      TotalRounds(records, train.global_batch(), train.epochs(), train.iterations()));
}

// A round replaces its part of the sums that servers keep: all of it where a round is the
// whole data set.
void FillRho(uint64_t records, v1::TrainSpec* train) {
  v1::OptimizerSpec* optimizer = train->mutable_optimizer();
  if (optimizer->kind() != v1::OPTIMIZER_KIND_SUM || records == 0) return;
  optimizer->set_rho(
      1 - std::min(1.0, static_cast<double>(train->global_batch()) / static_cast<double>(records)));
}

absl::Status AddRunner(const DeviceOptions& device, const DeviceFactory& create, TaskJob* job) {
  PL_ASSIGN_OR_RETURN(DeviceChoice choice, create(device));
  job->eval_device = std::move(choice.device);
  PL_ASSIGN_OR_RETURN(job->eval_runner,
                      job->eval_device->CreateRunner(job->spec, *job->eval_model,
                                                     job->facts.features(), job->facts.classes()));
  return job->eval_runner->Start(job->train.get());
}

}  // namespace

absl::Status AddEvaluation(const DeviceOptions& device, const DeviceFactory& create,
                           const std::string& model_dir, TaskJob* job) {
  PL_ASSIGN_OR_RETURN(OpenedModel opened,
                      OpenModel(job->spec, job->facts.features(), job->facts.classes(), model_dir));
  job->eval_model = std::move(opened.model);
  DeviceOptions own = device;
  // The trace is of training.
  own.tracer = nullptr;
  const absl::Status added = AddRunner(own, create, job);
  if (added.ok() || own.kind != v1::DEVICE_KIND_CUDA) return added;
  job->notes.push_back(
      absl::StrCat("evaluations compute on the cpu beside training: ", added.message()));
  own.kind = v1::DEVICE_KIND_CPU;
  job->eval_runner.reset();
  return AddRunner(own, create, job);
}

absl::StatusOr<std::unique_ptr<TaskJob>> PrepareTaskJob(const v1::JobSpec& spec, FileSystem* fs,
                                                        const std::string& index_dir,
                                                        const DeviceOptions& device,
                                                        const DeviceFactory& create,
                                                        const std::string& model_dir) {
  auto job = std::make_unique<TaskJob>();
  job->tracer = device.tracer;
  job->spec = WithDefaults(spec);
  PL_RETURN_IF_ERROR(OpenData(fs, index_dir, job.get()));
  const uint64_t records = job->train == nullptr ? 0 : job->train->records();
  const uint64_t features = job->spec.data().features();
  const uint32_t classes = job->spec.data().classes();
  v1::TrainSpec* train = job->spec.mutable_train();
  FillSchedule(records, *train, train->mutable_optimizer()->mutable_schedule());
  if (train->has_sparse_optimizer()) {
    FillSchedule(records, *train, train->mutable_sparse_optimizer()->mutable_schedule());
  }
  FillRho(records, train);

  PL_ASSIGN_OR_RETURN(OpenedModel opened, OpenModel(job->spec, features, classes, model_dir));
  job->model = std::move(opened.model);
  job->library = std::move(opened.library);
  PL_ASSIGN_OR_RETURN(DeviceChoice choice, create(device));
  job->device = std::move(choice.device);
  job->notes = std::move(choice.notes);
  PL_ASSIGN_OR_RETURN(job->runner,
                      job->device->CreateRunner(job->spec, *job->model, features, classes));
  if (job->train != nullptr) PL_RETURN_IF_ERROR(job->runner->Start(job->train.get()));

  job->facts.set_records(records);
  job->facts.set_eval_records(job->eval == nullptr ? 0 : job->eval->records());
  job->facts.set_features(features);
  job->facts.set_classes(classes);
  for (const v1::TableSpec& table : job->model->tables()) *job->facts.add_tables() = table;
  job->facts.set_device(std::string(job->device->name()));
  job->facts.set_numeric_class(WithLibrary(job->device->numeric_class(), job->library));
  job->facts.set_device_name(choice.name);
  job->facts.set_device_reason(choice.reason);
  return job;
}

}  // namespace paceline::worker
