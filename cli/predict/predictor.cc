#include "cli/predict/predictor.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "common/status/status_macros.h"
#include "worker/core/models/runner_factory.h"
#include "worker/io/library/open_model.h"

namespace paceline::cli {

absl::StatusOr<std::unique_ptr<Predictor>> Predictor::Create(const v1::JobSpec& job,
                                                             const TrainedModel& trained,
                                                             const std::string& model_dir) {
  const uint64_t features = job.data().features();
  const uint32_t classes = job.data().classes();
  std::unique_ptr<Predictor> predictor(new Predictor);
  PL_ASSIGN_OR_RETURN(worker::OpenedModel opened,
                      worker::OpenModel(job, features, classes, model_dir));
  predictor->model_ = std::move(opened.model);
  PL_ASSIGN_OR_RETURN(predictor->runner_,
                      worker::CreateCpuRunner(job, *predictor->model_, features, classes));
  PL_ASSIGN_OR_RETURN(predictor->rows_, trained.Rows(predictor->model_->tables()));
  PL_ASSIGN_OR_RETURN(predictor->parameters_, predictor->rows_->Dense());
  return predictor;
}

absl::Status Predictor::Predict(const worker::Batch& batch, worker::Predictions* predictions) {
  std::vector<std::vector<uint64_t>> keys;
  model_->Keys(batch, &keys);
  PL_RETURN_IF_ERROR(rows_->ReadSparse(std::move(keys), &parameters_));
  return runner_->Predict(batch, parameters_, predictions);
}

}  // namespace paceline::cli
