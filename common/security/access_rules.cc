#include "common/security/access_rules.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

// Who looks on; who runs jobs; who runs the cluster.
constexpr RoleSet kReaders = {Role::kAdmin, Role::kUser, Role::kViewer};
constexpr RoleSet kUsers = {Role::kAdmin, Role::kUser};
constexpr RoleSet kAdmins = {Role::kAdmin};
constexpr RoleSet kNodes = {Role::kServer, Role::kWorker};
constexpr RoleSet kTasks = {Role::kWorker};
constexpr RoleSet kHoldersOfCuts = {Role::kScheduler, Role::kServer};
constexpr RoleSet kMeasured = {Role::kAdmin, Role::kScheduler, Role::kServer, Role::kWorker};
constexpr RoleSet kEverybody = {Role::kAdmin,     Role::kUser,   Role::kViewer,
                                Role::kScheduler, Role::kServer, Role::kWorker};

// Sorted by method.
constexpr std::array kRules = {
    AccessRule{"/grpc.channelz.v1.Channelz/GetChannel", kAdmins},
    AccessRule{"/grpc.channelz.v1.Channelz/GetServer", kAdmins},
    AccessRule{"/grpc.channelz.v1.Channelz/GetServerSockets", kAdmins},
    AccessRule{"/grpc.channelz.v1.Channelz/GetServers", kAdmins},
    AccessRule{"/grpc.channelz.v1.Channelz/GetSocket", kAdmins},
    AccessRule{"/grpc.channelz.v1.Channelz/GetSubchannel", kAdmins},
    AccessRule{"/grpc.channelz.v1.Channelz/GetTopChannels", kAdmins},
    AccessRule{"/grpc.health.v1.Health/Check", kEverybody},
    AccessRule{"/grpc.health.v1.Health/Watch", kEverybody},
    AccessRule{"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", kReaders},
    AccessRule{"/paceline.v1.Coordination/Heartbeat", kNodes},
    AccessRule{"/paceline.v1.Coordination/SyncTask", kTasks},
    AccessRule{"/paceline.v1.CutFiles/ReadCutFile", kHoldersOfCuts},
    AccessRule{"/paceline.v1.Daemon/Exchange", kMeasured},
    AccessRule{"/paceline.v1.Daemon/Inspect", kAdmins},
    AccessRule{"/paceline.v1.Daemon/MeasureLink", kAdmins},
    AccessRule{"/paceline.v1.Daemon/SetLogLevel", kAdmins},
    AccessRule{"/paceline.v1.DataPlane/OpenRank", kTasks},
    AccessRule{"/paceline.v1.DataPlane/Pin", kTasks},
    AccessRule{"/paceline.v1.DataPlane/Pull", kTasks},
    AccessRule{"/paceline.v1.DataPlane/Push", kTasks},
    AccessRule{"/paceline.v1.DataPlane/Stream", kTasks},
    AccessRule{"/paceline.v1.DataPlane/Unpin", kTasks},
    AccessRule{"/paceline.v1.Scheduler/BackupState", kAdmins},
    AccessRule{"/paceline.v1.Scheduler/CancelJob", kUsers},
    AccessRule{"/paceline.v1.Scheduler/CheckpointJob", kUsers},
    AccessRule{"/paceline.v1.Scheduler/DeleteJob", kUsers},
    AccessRule{"/paceline.v1.Scheduler/DescribeCluster", kReaders},
    AccessRule{"/paceline.v1.Scheduler/DrainNode", kAdmins},
    AccessRule{"/paceline.v1.Scheduler/GetJob", kReaders},
    AccessRule{"/paceline.v1.Scheduler/ListJobs", kReaders},
    AccessRule{"/paceline.v1.Scheduler/ReadCut", kUsers},
    AccessRule{"/paceline.v1.Scheduler/SubmitJob", kUsers},
    AccessRule{"/paceline.v1.Scheduler/WatchJob", kReaders},
    AccessRule{"/paceline.v1.TaskLogs/ReadTaskLog", kUsers},
};

}  // namespace

std::string RoleSet::ToString() const {
  std::string text;
  for (const Role role :
       {Role::kAdmin, Role::kUser, Role::kViewer, Role::kScheduler, Role::kServer, Role::kWorker}) {
    if (Has(role)) absl::StrAppend(&text, text.empty() ? "" : ", ", RoleName(role));
  }
  return text;
}

absl::Span<const AccessRule> AccessRules() { return kRules; }

absl::Status CheckAccess(const Identity& caller, absl::string_view method) {
  const auto rule = std::lower_bound(
      kRules.begin(), kRules.end(), method,
      [](const AccessRule& known, absl::string_view wanted) { return known.method < wanted; });
  const bool known = rule != kRules.end() && rule->method == method;
  if (known && rule->roles.Has(caller.role)) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      method, ": ", IdentityText(caller), " may not call it: ",
      known ? absl::StrCat("it is for ", rule->roles.ToString()) : "no rule lets anybody call it"));
}

}  // namespace paceline
