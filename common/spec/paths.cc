#include "common/spec/paths.h"

#include <filesystem>
#include <string>

namespace paceline {
namespace {

std::string Resolved(absl::string_view folder, const std::string& path) {
  if (path.empty()) {
    return path;
  }
  // operator/ keeps an absolute right-hand side as it is.
  return (std::filesystem::path(std::string(folder)) / path).lexically_normal().string();
}

void ResolveFile(absl::string_view folder, v1::DataFile* file) {
  file->set_path(Resolved(folder, file->path()));
  file->set_labels(Resolved(folder, file->labels()));
}

}  // namespace

void ResolvePaths(absl::string_view folder, v1::JobSpec* spec) {
  if (spec->data().has_train()) {
    ResolveFile(folder, spec->mutable_data()->mutable_train());
  }
  if (spec->data().has_eval()) {
    ResolveFile(folder, spec->mutable_data()->mutable_eval());
  }
  if (!spec->checkpoint().dir().empty()) {
    v1::CheckpointSpec* checkpoint = spec->mutable_checkpoint();
    checkpoint->set_dir(Resolved(folder, checkpoint->dir()));
  }
  if (spec->has_output()) {
    spec->mutable_output()->set_tensorboard(Resolved(folder, spec->output().tensorboard()));
  }
  if (spec->has_start()) {
    v1::StartSpec* start = spec->mutable_start();
    start->set_weights(Resolved(folder, start->weights()));
    // A name such as 12@3 is no path.
    if (start->cut().find('/') != std::string::npos) {
      start->set_cut(Resolved(folder, start->cut()));
    }
  }
}

}  // namespace paceline
