// A call that was refused before anything of it was read (authorizer.h), and who is told.
#ifndef PACELINE_COMMON_RPC_DENIED_CALL_H_
#define PACELINE_COMMON_RPC_DENIED_CALL_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "common/security/identity.h"

namespace paceline {

struct DeniedCall {
  // A viewer without a name: the certificate names nobody.
  Identity caller;
  // "/paceline.v1.Scheduler/BackupState"; whatever the caller chose to write there.
  std::string method;
  // Unauthenticated or PermissionDenied.
  absl::Status why;
};

// Called on gRPC's threads, several at once; must not wait.
using DeniedCallObserver = std::function<void(const DeniedCall&)>;

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_DENIED_CALL_H_
