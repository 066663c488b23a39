// A model that a job trained, as a file on this machine: what `pacectl sample` and `pacectl
// predict` compute with.
#ifndef PACELINE_CLI_WEIGHTS_TRAINED_MODEL_H_
#define PACELINE_CLI_WEIGHTS_TRAINED_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/temp_folder.h"
#include "cli/weights/exported_rows.h"
#include "common/safetensors.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline::cli {

class SchedulerClient;

// How a user names one.
struct ModelSource {
  // A job (7: its newest cut, 7@3, 7@best) or a file that export wrote (.safetensors).
  std::string source;
  // Of a file whose metadata do not say which model it is. Empty: they do.
  std::string job_file;
};

// Owned by one thread.
class TrainedModel {
 public:
  // A job's cut is downloaded, and removed with the model; for a file `client` is not asked.
  // Errors name the source.
  // Errors:  NotFound         there is no such file, job or cut.
  //          InvalidArgument  no export, or it does not say its model; a wrong job file, or
  //                           one beside a job.
  //          DataLoss         damaged. Those of SchedulerClient::ReadCut.
  static absl::StatusOr<std::unique_ptr<TrainedModel>> Open(const ModelSource& source,
                                                            SchedulerClient& client,
                                                            Environment& env);

  // Its model, data and train.seed, with defaults. From an export the data have no paths.
  const v1::JobSpec& job() const { return job_; }

  // Errors:  as ExportedRows::Open.
  absl::StatusOr<std::unique_ptr<ExportedRows>> Rows(std::vector<v1::TableSpec> tables) const;

 private:
  TrainedModel(std::unique_ptr<TempFolder> folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {}

  // Null: the file is the user's.
  const std::unique_ptr<TempFolder> folder_;
  // Of the file, or of the cut.
  const std::string name_;
  std::unique_ptr<SafetensorsReader> file_;
  v1::JobSpec job_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_WEIGHTS_TRAINED_MODEL_H_
