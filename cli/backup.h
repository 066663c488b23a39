// `pacectl backup` and `pacectl restore`: the scheduler's state as one file.
//
// Parameters are not part of it: cuts are files in the jobs' checkpoint folders.
#ifndef PACELINE_CLI_BACKUP_H_
#define PACELINE_CLI_BACKUP_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"

namespace paceline::cli {

class SchedulerClient;

// Writes the running scheduler's state to `file`, which is replaced once the new one
// is whole and verified. The format: scheduler/io/backup_file.h.
// Errors: as SchedulerClient::BackupState; DataLoss  what came is damaged.
absl::StatusOr<ExitCode> Backup(const std::string& file, SchedulerClient& client, Environment& env);

// Makes the state folder of a scheduler that is to start from the backup.
// Errors: as scheduler::DecodeBackup and scheduler::RestoreJournal.
absl::StatusOr<ExitCode> Restore(const std::string& file, const std::string& state_dir,
                                 Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_BACKUP_H_
