// What a task works on: the data sets, the model and the device of its job, and
// the facts that it tells the scheduler about them.
#ifndef PACELINE_WORKER_IO_TASK_TASK_JOB_H_
#define PACELINE_WORKER_IO_TASK_TASK_JOB_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fs.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"
#include "worker/core/data/record_order.h"
#include "worker/core/dataset.h"
#include "worker/core/device/device.h"
#include "worker/core/model.h"
#include "worker/core/trace/tracer.h"
#include "worker/io/task/device_factory.h"

namespace paceline::worker {

// Thread-compatible.
struct TaskJob {
  // With defaults, and with what was found in the data: features, classes (2 of binary labels,
  // 0 of a model without classes), the length of a cosine schedule and rho of optimizer sum,
  // 1 - global_batch / records.
  v1::JobSpec spec;
  v1::TaskFacts facts;
  // Null for a model without data; no evaluation data.
  std::unique_ptr<Dataset> train;
  std::unique_ptr<Dataset> eval;
  std::optional<RecordOrder> order;
  std::unique_ptr<Model> model;
  // What the model is computed by, if that is a library; part of the numeric class.
  std::string library;
  std::unique_ptr<Device> device;
  std::unique_ptr<Runner> runner;
  // Of AddEvaluation: beside the others, for a thread of its own.
  std::unique_ptr<Model> eval_model;
  std::unique_ptr<Device> eval_device;
  std::unique_ptr<Runner> eval_runner;
  // For the log.
  std::vector<std::string> notes;
  // Gets the spans of iterations. Null: nobody wants them.
  Tracer* tracer = nullptr;
};

// Opens and indexes the data, makes model and device: takes time. `index_dir` may
// be empty. `device`: what `spec` asks for. The file system, and what `device` points to,
// outlive the job. `model_dir`: the folder of users' libraries; empty: there is none.
// Errors:  InvalidArgument  the columns of the evaluation data are not those of the training data.
//          Those of OpenDataset, OpenModel, `create`, CreateRunner and
//          Runner::Start; they name file, record, field and reason.
absl::StatusOr<std::unique_ptr<TaskJob>> PrepareTaskJob(const v1::JobSpec& spec, FileSystem* fs,
                                                        const std::string& index_dir,
                                                        const DeviceOptions& device,
                                                        const DeviceFactory& create,
                                                        const std::string& model_dir = "");

// Gives the job, which has evaluation data, a device and a runner to evaluate on beside
// training: of the same kind, or, where that cannot be had twice, the cpu, which is noted.
// Errors:  as PrepareTaskJob.
absl::Status AddEvaluation(const DeviceOptions& device, const DeviceFactory& create,
                           const std::string& model_dir, TaskJob* job);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_TASK_JOB_H_
