#include "cli/watch/curve_writer.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/status_macros.h"

namespace paceline::cli {

absl::StatusOr<CurveWriter> CurveWriter::Create(const std::string& folder, Environment& env) {
  if (!folder.empty()) {
    if (const absl::Status made = env.fs.CreateDirs(folder); !made.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--tensorboard: ", made.message()));
    }
  }
  return CurveWriter(folder, &env);
}

absl::Status CurveWriter::Write(const v1::Job& job) {
  if (file_ == nullptr) {
    PL_ASSIGN_OR_RETURN(file_, tensorboard::JobEventFile::Open(env_->fs, folder_, job));
  }
  return file_->Write(job, absl::ToUnixMillis(env_->clock.Now()));
}

void CurveWriter::Show(const v1::Job& job) {
  if (folder_.empty()) return;
  const absl::Status written = Write(job);
  if (written.ok()) return;
  env_->err << "warning: --tensorboard: no more curves are written: " << written.message()
            << std::endl;
  folder_.clear();
}

}  // namespace paceline::cli
