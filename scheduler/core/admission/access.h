// Who may do what with a job, by who submitted it.
//
//                 admin   user             viewer   daemons
//   submit        yes     yes              no       no
//   see           all     its own          all      none
//   change        all     its own          none     none
//
// To see is the job, its curves and its events. Viewers read neither weights nor logs, because
// they call neither ReadCut nor ReadTaskLog (common/security/access_rules.h).
//
// A job is somebody's own if its owner is their name. In a cluster without certificates
// everybody is an admin without a name, and so are the owners of its jobs. A denial names the
// owner: that a job exists is no secret, since ids are counted and nodes name those they run.
//
// Errors:  PermissionDenied  who asked, and for what.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_ADMISSION_ACCESS_H_
#define PACELINE_SCHEDULER_CORE_ADMISSION_ACCESS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/security/identity.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/cluster_state.h"

namespace paceline::scheduler {

absl::Status CheckSubmit(const Identity& caller);

// See it; who may call ReadCut at all, reads its cuts too.
bool MaySee(const Identity& caller, const v1::JobRecord& job);
absl::Status CheckSee(const Identity& caller, const v1::JobRecord& job);

// Cancel it, take a cut, delete it.
absl::Status CheckChange(const Identity& caller, const v1::JobRecord& job);

// `what`: "drain a node".
absl::Status CheckAdmin(const Identity& caller, absl::string_view what);

// Whether `caller` may start from what `spec` names: a cut, by job or by folder, or a file
// of weights.
absl::Status CheckStartCut(const ClusterState& state, const Identity& caller,
                           const v1::JobSpec& spec);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_ADMISSION_ACCESS_H_
