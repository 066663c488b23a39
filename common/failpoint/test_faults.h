// The value of --test-faults: what goes wrong in this process, on purpose.
//
//   server.push.reply=kill@100,rpc.Push=lose_reply:50+delay(20ms):100,seed=7
//
//   value      item, item, ...
//   item       failpoint=action       at every hit; names: common/failpoint/names.h
//              failpoint=action@3     at the third hit only
//              failpoint=action@3+    at the third hit and all later ones
//              rpc.METHOD=fault:50+fault:20   of 1000 calls of this client; METHOD *: all others
//              seed=7                 of the calls' faults; 1 without
//   action     kill (SIGKILL) | error(CODE) | delay(20ms) | hang
//   fault      lose_request | lose_reply | duplicate | delay(20ms)
//
// The same value may go to every daemon: what is not its own is never hit.
#ifndef PACELINE_COMMON_FAILPOINT_TEST_FAULTS_H_
#define PACELINE_COMMON_FAILPOINT_TEST_FAULTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/failpoint/arm.h"
#include "common/rpc/fault_injector.h"

namespace paceline {

struct TestFaults {
  // As given; empty: none.
  std::string text;
  std::vector<FailpointRule> failpoints;
  RpcFaultSpec rpc;
};

// Errors:  InvalidArgument  quotes the item and says what is expected; names the
//                           nearest known failpoint or method.
absl::StatusOr<TestFaults> ParseTestFaults(absl::string_view text);

// Arms the failpoints and warns in the log, unless there are no faults.
void EnableTestFaults(const TestFaults& faults);

}  // namespace paceline

#endif  // PACELINE_COMMON_FAILPOINT_TEST_FAULTS_H_
