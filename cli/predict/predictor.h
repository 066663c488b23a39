// Computes what a trained model says of batches, with the code and the rows that a job's
// evaluation has.
#ifndef PACELINE_CLI_PREDICT_PREDICTOR_H_
#define PACELINE_CLI_PREDICT_PREDICTOR_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/weights/exported_rows.h"
#include "cli/weights/trained_model.h"
#include "proto/job.pb.h"
#include "worker/core/batch.h"
#include "worker/core/model.h"

namespace paceline::cli {

// Owned by one thread.
class Predictor {
 public:
  // `job` is that of `trained`, with the features and classes of its data. `trained` outlives
  // it. `model_dir`: the folder of users' libraries; empty: there is none.
  // Errors:  InvalidArgument  a model that cannot be, or has no form for processors; tables
  //                           that the file does not hold. Those of TrainedModel::Rows.
  static absl::StatusOr<std::unique_ptr<Predictor>> Create(const v1::JobSpec& job,
                                                           const TrainedModel& trained,
                                                           const std::string& model_dir);

  // Errors:  those of Runner::Predict and ExportedRows::ReadSparse.
  absl::Status Predict(const worker::Batch& batch, worker::Predictions* predictions);

 private:
  Predictor() = default;

  std::unique_ptr<worker::Model> model_;
  std::unique_ptr<worker::Runner> runner_;
  std::unique_ptr<ExportedRows> rows_;
  worker::Parameters parameters_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_PREDICT_PREDICTOR_H_
