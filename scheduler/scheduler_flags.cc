#include "scheduler/scheduler_flags.h"

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"

namespace paceline::scheduler {

void AddSchedulerFlags(CLI::App* app, Scheduler::Options* options) {
  app->add_option_function<int64_t>(
         "--heartbeat-ms",
         [options](const int64_t& ms) { options->heartbeat = absl::Milliseconds(ms); },
         "time between reports of nodes and tasks")
      ->default_str(absl::StrCat(absl::ToInt64Milliseconds(options->heartbeat)));
  app->add_flag("--accept-old-state", options->accept_old_state,
                "serve although a node has seen a newer scheduler of this cluster");
  app->add_option("--limits", options->limits_file,
                  "file of what each user may have (docs/operations.md); read again after changes");
  app->add_option("--keep-ended-jobs", options->keep_ended_jobs,
                  "ended jobs beyond this number are deleted, oldest first; 0: none are")
      ->capture_default_str();
  const std::map<std::string, int64_t> units = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  app->add_option_function<int64_t>(
         "--keep-ended-for",
         [options](const int64_t& seconds) { options->keep_ended_for = absl::Seconds(seconds); },
         "jobs that ended longer ago are deleted: 30d, 12h; 0: none are")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->check(CLI::NonNegativeNumber)
      ->default_str("0");
  app->add_option("--audit-log-bytes", options->audit_log_bytes,
                  "of audit.log in the data folder, before it is rotated; five are kept")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
      ->check(CLI::Range(uint64_t{4096}, uint64_t{1} << 40))
      ->capture_default_str();
}

}  // namespace paceline::scheduler
