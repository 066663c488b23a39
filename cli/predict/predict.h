// `pacectl predict`: what a trained model says of each record of a file.
#ifndef PACELINE_CLI_PREDICT_PREDICT_H_
#define PACELINE_CLI_PREDICT_PREDICT_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/weights/trained_model.h"
#include "proto/job.pb.h"

namespace paceline::cli {

class SchedulerClient;

struct PredictOptions {
  ModelSource model;
  // The records; idx: the images.
  std::string data;
  // idx: the labels.
  std::string labels;
  // As in job files. Empty: that of data.train.
  std::string format;
  // Folder of users' libraries. Empty: there is none.
  std::string model_dir;
  // Where predictions go; "-": standard output.
  std::string out = "-";
};

// The file to read: format, columns and delimiter are those of data.train, or of data.eval if
// only that has the format; a format that neither has stands for itself.
// Errors:  InvalidArgument  no such format; idx without labels, or labels without idx.
absl::StatusOr<v1::DataFile> PredictedFile(const v1::DataSpec& data, const PredictOptions& options);

// Writes a line for each record that can be read (prediction_lines.h), numbered in file order
// from 0, and the metrics of a job's evaluation to env.err: `FILE: records 10, loss 0.5`, or
// as JSON. Memory: the model's dense tables, 8 bytes for each sparse row, one batch.
// Errors:  InvalidArgument  a model without data, or one that cannot be.
//          NotFound         there is no such file.
//          Cancelled        interrupted; nothing is left at `out`.
//          Those of TrainedModel::Open, worker::OpenDataset, worker::Dataset::Read and of
//          Predictor.
absl::StatusOr<ExitCode> Predict(const PredictOptions& options, OutputFormat format,
                                 SchedulerClient& client, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_PREDICT_PREDICT_H_
