#include "cli/datagen/sink.h"

#include <utility>

#include "common/status/status_macros.h"

namespace paceline::cli {

Sink::Sink(std::string path, std::unique_ptr<WritableFile> file, Environment* env)
    : path_(std::move(path)), env_(env), file_(std::move(file)) {}

absl::StatusOr<std::unique_ptr<Sink>> Sink::Open(const std::string& path, Environment* env) {
  std::unique_ptr<WritableFile> file;
  if (path != "-") {
    PL_ASSIGN_OR_RETURN(file, env->fs.OpenForWrite(path));
  }
  return std::unique_ptr<Sink>(new Sink(path, std::move(file), env));
}

Sink::~Sink() {
  if (file_ != nullptr) env_->fs.Remove(path_).IgnoreError();
}

absl::Status Sink::Append(absl::string_view bytes) {
  if (file_ != nullptr) return file_->Append(bytes);
  if (env_->out << bytes) return absl::OkStatus();
  return absl::AbortedError("standard output: it cannot be written");
}

absl::Status Sink::Close() {
  if (file_ == nullptr) {
    if (env_->out << std::flush) return absl::OkStatus();
    return absl::AbortedError("standard output: it cannot be written");
  }
  PL_RETURN_IF_ERROR(file_->Close());
  file_ = nullptr;
  return absl::OkStatus();
}

}  // namespace paceline::cli
