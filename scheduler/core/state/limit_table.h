// Limits by user, as the file of --limits says them (io/limits_file.h).
#ifndef PACELINE_SCHEDULER_CORE_STATE_LIMIT_TABLE_H_
#define PACELINE_SCHEDULER_CORE_STATE_LIMIT_TABLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace paceline::scheduler {

// 0: no limit.
struct TenantLimits {
  // Jobs that have not ended, and those of them that wait for their turn.
  uint64_t max_active_jobs = 0;
  uint64_t max_queued_jobs = 0;
  // Ranks of all jobs together that have started and not ended.
  uint64_t max_workers = 0;
  // Bytes of tables of these.
  uint64_t max_server_memory = 0;
  // Of one job.
  uint64_t max_job_ranks = 0;
  uint64_t max_tables_bytes = 0;
  // SubmitJob calls.
  uint64_t max_submits_per_minute = 0;

  bool operator==(const TenantLimits&) const = default;
};

// Thread-compatible.
struct LimitTable {
  // For messages; empty: there is no file.
  std::string file;
  TenantLimits defaults;
  // By owner, complete.
  std::map<std::string, TenantLimits, std::less<>> users;

  const TenantLimits& For(absl::string_view owner) const {
    const auto it = users.find(owner);
    return it == users.end() ? defaults : it->second;
  }
  bool operator==(const LimitTable&) const = default;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_LIMIT_TABLE_H_
