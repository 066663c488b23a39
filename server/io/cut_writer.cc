#include "server/io/cut_writer.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "common/failpoint/failpoint.h"
#include "common/status/status_macros.h"
#include "server/io/shard_file.h"

namespace paceline::server {

CutWriter::CutWriter(FileSystem* fs, std::unique_ptr<JobCut> cut) : fs_(fs), cut_(std::move(cut)) {
  report_.set_cut_id(cut_->order().cut_id());
}

absl::Status CutWriter::WriteReady(const StopRequested& stop) {
  const std::string& dir = cut_->order().dir();
  while (true) {
    if (stop && stop()) return absl::CancelledError("the job was closed meanwhile");
    PL_ASSIGN_OR_RETURN(const std::optional<JobCut::Copy> copy, cut_->Next());
    if (!copy.has_value()) break;
    if (report_.files().empty()) PL_RETURN_IF_ERROR(fs_->CreateDirs(dir));
    PL_ASSIGN_OR_RETURN(*report_.add_files(),
                        WriteShardFile(*fs_, dir, copy->shard->table(), copy->shard->spec(),
                                       cut_->job().map().timeline(), copy->state));
    LowerProgress(copy->state.progress, &report_);
  }
  if (!cut_->complete()) return absl::OkStatus();
  PL_RETURN_IF_ERROR(Failpoint("server.cut.dir.sync"));
  return fs_->SyncDir(dir);
}

bool CutWriter::Work(const StopRequested& stop) {
  if (const absl::Status written = WriteReady(stop); !written.ok()) {
    report_ = FailedCut(cut_->order(), written);
    return true;
  }
  if (!cut_->complete()) return false;
  std::sort(report_.mutable_files()->begin(), report_.mutable_files()->end(),
            [](const auto& a, const auto& b) { return a.shard() < b.shard(); });
  report_.set_done(true);
  return true;
}

}  // namespace paceline::server
