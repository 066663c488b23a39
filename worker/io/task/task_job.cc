#include "worker/io/task/task_job.h"

#include <utility>

#include "common/partition/rounds.h"
#include "common/spec/defaults.h"
#include "common/status/status_macros.h"
#include "worker/core/models/model_factory.h"
#include "worker/io/data/open_dataset.h"
#include "worker/io/task/device_factory.h"

namespace paceline::worker {
namespace {

absl::Status OpenData(FileSystem* fs, const std::string& index_dir, TaskJob* job) {
  v1::DataSpec* data = job->spec.mutable_data();
  if (data->train().path().empty()) return absl::OkStatus();
  PL_ASSIGN_OR_RETURN(job->train, OpenDataset(data->train(), *data, fs, index_dir));
  // Evaluation data are read in the shape of the training data.
  if (data->features() == 0) data->set_features(job->train->features());
  if (data->classes() == 0) data->set_classes(job->train->classes());
  if (!data->eval().path().empty()) {
    PL_ASSIGN_OR_RETURN(job->eval, OpenDataset(data->eval(), *data, fs, index_dir));
  }
  job->order.emplace(RecordOrder::FromSpec(*data, job->spec.train().seed(), job->train->records()));
  return absl::OkStatus();
}

void FillSchedule(uint64_t records, v1::TrainSpec* train) {
  v1::ScheduleSpec* schedule = train->mutable_optimizer()->mutable_schedule();
  if (schedule->kind() != v1::SCHEDULE_KIND_COSINE || schedule->total_iterations() != 0) return;
  schedule->set_total_iterations(
      TotalRounds(records, train->global_batch(), train->epochs(), train->iterations()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TaskJob>> PrepareTaskJob(const v1::JobSpec& spec, FileSystem* fs,
                                                        const std::string& index_dir,
                                                        const DeviceOptions& device,
                                                        const DeviceFactory& create) {
  auto job = std::make_unique<TaskJob>();
  job->tracer = device.tracer;
  job->spec = WithDefaults(spec);
  PL_RETURN_IF_ERROR(OpenData(fs, index_dir, job.get()));
  const uint64_t records = job->train == nullptr ? 0 : job->train->records();
  const uint64_t features = job->spec.data().features();
  const uint32_t classes = job->spec.data().classes();
  FillSchedule(records, job->spec.mutable_train());

  PL_ASSIGN_OR_RETURN(job->model, CreateModel(job->spec, features, classes));
  PL_ASSIGN_OR_RETURN(DeviceChoice choice, create(device));
  job->device = std::move(choice.device);
  job->notes = std::move(choice.notes);
  PL_ASSIGN_OR_RETURN(job->runner,
                      job->device->CreateRunner(job->spec, *job->model, features, classes));

  job->facts.set_records(records);
  job->facts.set_eval_records(job->eval == nullptr ? 0 : job->eval->records());
  job->facts.set_features(features);
  job->facts.set_classes(classes);
  for (const v1::TableSpec& table : job->model->tables()) *job->facts.add_tables() = table;
  job->facts.set_device(std::string(job->device->name()));
  job->facts.set_numeric_class(job->device->numeric_class());
  job->facts.set_device_name(choice.name);
  job->facts.set_device_reason(choice.reason);
  return job;
}

}  // namespace paceline::worker
