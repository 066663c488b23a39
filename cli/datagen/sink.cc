#include "cli/datagen/sink.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

// The file that `path`, which is open, means; empty for a pipe or a device.
std::string FileOf(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return std::filesystem::is_regular_file(real, error) ? real.string() : "";
}

}  // namespace

Sink::Sink(std::string removable, std::unique_ptr<WritableFile> file, Environment* env)
    : removable_(std::move(removable)), env_(env), file_(std::move(file)) {}

absl::StatusOr<std::unique_ptr<Sink>> Sink::Open(const std::string& path, Environment* env) {
  std::unique_ptr<WritableFile> file;
  std::string removable;
  if (path != "-") {
    PL_ASSIGN_OR_RETURN(file, env->fs.OpenForWrite(path));
    removable = FileOf(path);
  }
  return std::unique_ptr<Sink>(new Sink(std::move(removable), std::move(file), env));
}

Sink::~Sink() {
  if (file_ != nullptr && !removable_.empty()) env_->fs.Remove(removable_).IgnoreError();
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
