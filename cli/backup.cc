#include "cli/backup.h"

#include "absl/strings/str_cat.h"
#include "cli/scheduler_client.h"
#include "common/fs.h"
#include "common/status/status_macros.h"
#include "scheduler/io/backup_file.h"
#include "scheduler/io/restore.h"

namespace paceline::cli {
namespace {

std::string Describe(const v1::StateSnapshot& state) {
  int active = 0;
  for (const v1::JobRecord& job : state.jobs()) active += job.ended_ms() == 0;
  return absl::StrCat("cluster ", state.cluster_id(), ", journal index ", state.journal_index(),
                      ", ", state.jobs_size(), " jobs, ", active, " of them not ended");
}

}  // namespace

absl::StatusOr<ExitCode> Backup(const std::string& file, SchedulerClient& client,
                                Environment& env) {
  std::string bytes;
  PL_RETURN_IF_ERROR(client.BackupState([&](const v1::BackupChunk& chunk) -> absl::Status {
    if (chunk.offset() != bytes.size()) {
      return absl::DataLossError(absl::StrCat("backup: a piece at byte ", bytes.size(),
                                              " expected, got one at ", chunk.offset()));
    }
    if (bytes.size() + chunk.data().size() > scheduler::kMaxBackupBytes) {
      return absl::DataLossError(
          absl::StrCat("backup: at most ", scheduler::kMaxBackupBytes, " bytes expected"));
    }
    bytes += chunk.data();
    return absl::OkStatus();
  }));
  PL_ASSIGN_OR_RETURN(const v1::StateSnapshot state, scheduler::DecodeBackup(bytes));
  PL_RETURN_IF_ERROR(WriteFileDurably(env.fs, file, bytes));
  env.err << Describe(state) << ": " << bytes.size() << " bytes written to " << file << std::endl;
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Restore(const std::string& file, const std::string& state_dir,
                                 Environment& env) {
  PL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(env.fs, file, scheduler::kMaxBackupBytes));
  absl::StatusOr<v1::StateSnapshot> state = scheduler::DecodeBackup(bytes);
  if (!state.ok()) {
    return absl::Status(state.status().code(), absl::StrCat(file, ": ", state.status().message()));
  }
  PL_RETURN_IF_ERROR(scheduler::RestoreJournal(env.fs, *state, state_dir));
  env.err << Describe(*state) << ": restored to " << state_dir << "\n"
          << "start it with: paceline-scheduler --data-dir " << state_dir << "\n"
          << "if nodes have seen a newer state it refuses to serve; --accept-old-state overrides"
          << std::endl;
  return ExitCode::kOk;
}

}  // namespace paceline::cli
