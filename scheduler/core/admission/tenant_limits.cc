#include "scheduler/core/admission/tenant_limits.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "scheduler/core/nodes/memory.h"

namespace paceline::scheduler {
namespace {

std::string Who(absl::string_view owner) {
  return owner.empty() ? "jobs without an owner" : std::string(owner);
}

struct Usage {
  uint64_t workers = 0;
  uint64_t memory = 0;
};

// What the owner's other jobs have, or are about to get before this one does. Of two that
// both wait for memory only the younger counts the other: they never wait for each other.
Usage UsedBeside(const View& view, const v1::JobRecord& job) {
  Usage used;
  for (const uint64_t id : view.state.active_jobs()) {
    const v1::JobRecord& other = *view.state.FindJob(id);
    if (id == job.job_id() || other.owner() != job.owner() ||
        other.state() == v1::JOB_STATE_PENDING) {
      continue;
    }
    used.workers += other.spec().resources().workers();
    const bool placed = other.state() != v1::JOB_STATE_PLACING || !other.map().servers().empty();
    if (placed || id < job.job_id()) used.memory += MemoryNeed(other.spec(), other.facts());
  }
  return used;
}

absl::Status Exhausted(const View& view, absl::string_view owner, absl::string_view limit,
                       uint64_t value, absl::string_view what) {
  return absl::ResourceExhaustedError(absl::StrCat(what, "; ", limit, " of ", Who(owner), " is ",
                                                   value, " (", view.options.limits.file, ")"));
}

// What alone is too much.
absl::Status CheckRanks(const View& view, absl::string_view owner, uint64_t ranks) {
  const TenantLimits& limits = view.options.limits.For(owner);
  const std::string what = absl::StrCat("the job needs ", ranks, " workers");
  if (limits.max_job_ranks > 0 && ranks > limits.max_job_ranks) {
    return Exhausted(view, owner, "max_job_ranks", limits.max_job_ranks, what);
  }
  if (limits.max_workers > 0 && ranks > limits.max_workers) {
    return Exhausted(view, owner, "max_workers", limits.max_workers, what);
  }
  return absl::OkStatus();
}

absl::Status CheckBytes(const View& view, absl::string_view owner, uint64_t need) {
  const TenantLimits& limits = view.options.limits.For(owner);
  const std::string what = absl::StrCat("the job's tables need ", need, " bytes");
  if (limits.max_tables_bytes > 0 && need > limits.max_tables_bytes) {
    return Exhausted(view, owner, "max_tables_bytes", limits.max_tables_bytes, what);
  }
  if (limits.max_server_memory > 0 && need > limits.max_server_memory) {
    return Exhausted(view, owner, "max_server_memory", limits.max_server_memory, what);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTenantLimits(const View& view, absl::string_view owner, const v1::JobSpec& spec) {
  const TenantLimits& limits = view.options.limits.For(owner);
  if (limits == TenantLimits()) return absl::OkStatus();
  uint64_t active = 0;
  uint64_t queued = 0;
  for (const uint64_t id : view.state.active_jobs()) {
    const v1::JobRecord& job = *view.state.FindJob(id);
    if (job.owner() != owner) continue;
    ++active;
    if (job.state() == v1::JOB_STATE_PENDING) ++queued;
  }
  if (limits.max_active_jobs > 0 && active >= limits.max_active_jobs) {
    return Exhausted(view, owner, "max_active_jobs", limits.max_active_jobs,
                     absl::StrCat(active, " jobs have not ended"));
  }
  if (limits.max_queued_jobs > 0 && queued >= limits.max_queued_jobs) {
    return Exhausted(view, owner, "max_queued_jobs", limits.max_queued_jobs,
                     absl::StrCat(queued, " jobs wait for their turn"));
  }
  PL_RETURN_IF_ERROR(CheckRanks(view, owner, spec.resources().workers()));
  return CheckBytes(view, owner, MemoryNeed(spec, v1::TaskFacts()));
}

std::string TenantShortage(const View& view, const v1::JobRecord& job) {
  const TenantLimits& limits = view.options.limits.For(job.owner());
  const bool starts = job.state() == v1::JOB_STATE_PENDING;
  // One that has run goes on: what it has is its own.
  if (!starts && job.state() != v1::JOB_STATE_PLACING) return "";
  if ((limits.max_workers == 0 || !starts) && limits.max_server_memory == 0) return "";
  const Usage used = UsedBeside(view, job);
  const uint64_t ranks = job.spec().resources().workers();
  if (starts && limits.max_workers > 0 && used.workers + ranks > limits.max_workers) {
    return absl::StrCat(Who(job.owner()), " has ", used.workers, " of ", limits.max_workers,
                        " workers in use, the job needs ", ranks, " (max_workers)");
  }
  const uint64_t need = MemoryNeed(job.spec(), job.facts());
  if (limits.max_server_memory > 0 && used.memory + need > limits.max_server_memory) {
    return absl::StrCat(Who(job.owner()), " has ", used.memory, " of ", limits.max_server_memory,
                        " bytes of tables in use, the job needs ", need, " (max_server_memory)");
  }
  return "";
}

std::string BeyondTenantLimits(const View& view, const v1::JobRecord& job) {
  const absl::Status bytes = CheckBytes(view, job.owner(), MemoryNeed(job.spec(), job.facts()));
  return std::string(bytes.message());
}

}  // namespace paceline::scheduler
