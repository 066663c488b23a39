#include "scheduler/core/admission/access.h"

#include "absl/strings/str_cat.h"
#include "common/spec/cut_name.h"
#include "common/status/status_macros.h"
#include "scheduler/core/stored_cuts/start_cut.h"

namespace paceline::scheduler {
namespace {

bool IsOwn(const Identity& caller, const v1::JobRecord& job) {
  return caller.role == Role::kUser && !caller.name.empty() && caller.name == job.owner();
}

absl::Status Denied(const Identity& caller, absl::string_view verb, const v1::JobRecord& job) {
  return absl::PermissionDeniedError(
      absl::StrCat(IdentityText(caller), " may not ", verb, " job ", job.job_id(), " of ",
                   job.owner().empty() ? "an unnamed owner" : job.owner()));
}

}  // namespace

absl::Status CheckSubmit(const Identity& caller) {
  if (caller.role == Role::kAdmin || caller.role == Role::kUser) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(IdentityText(caller), " may not submit jobs; a user or admin may"));
}

bool MaySee(const Identity& caller, const v1::JobRecord& job) {
  return caller.role == Role::kAdmin || caller.role == Role::kViewer || IsOwn(caller, job);
}

absl::Status CheckSee(const Identity& caller, const v1::JobRecord& job) {
  return MaySee(caller, job) ? absl::OkStatus() : Denied(caller, "see", job);
}

absl::Status CheckChange(const Identity& caller, const v1::JobRecord& job) {
  if (caller.role == Role::kAdmin || IsOwn(caller, job)) return absl::OkStatus();
  return Denied(caller, "change", job);
}

absl::Status CheckAdmin(const Identity& caller, absl::string_view what) {
  if (caller.role == Role::kAdmin) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(IdentityText(caller), " may not ", what, "; an admin may"));
}

absl::Status CheckStartCut(const ClusterState& state, const Identity& caller,
                           const v1::JobSpec& spec) {
  CutName name = {.dir = spec.start().weights()};
  if (!spec.start().cut().empty()) {
    PL_ASSIGN_OR_RETURN(name, ParseCutName(spec.start().cut()));
  }
  for (const auto& [id, job] : state.jobs()) {
    const bool named = name.job_id != 0 ? name.job_id == id : IsCutOf(name.dir, job);
    if (named) PL_RETURN_IF_ERROR(CheckSee(caller, job));
  }
  return absl::OkStatus();
}

}  // namespace paceline::scheduler
