// `--tensorboard DIR`: curves of a job that pacectl follows.
#ifndef PACELINE_CLI_WATCH_CURVE_WRITER_H_
#define PACELINE_CLI_WATCH_CURVE_WRITER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "common/tensorboard/job_event_file.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

// Owned by one thread.
class CurveWriter {
 public:
  // Writes nothing if `folder` is empty.
  // Errors: InvalidArgument  the folder cannot be made.
  static absl::StatusOr<CurveWriter> Create(const std::string& folder, Environment& env);

  // What is new in the job. What cannot be written is said once, on `err`: a job is worth
  // more than its curves.
  void Show(const v1::Job& job);

 private:
  CurveWriter(std::string folder, Environment* env) : folder_(std::move(folder)), env_(env) {}

  absl::Status Write(const v1::Job& job);

  std::string folder_;
  Environment* env_;
  std::unique_ptr<tensorboard::JobEventFile> file_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_WATCH_CURVE_WRITER_H_
