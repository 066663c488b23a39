#include "scheduler/io/denied_calls.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/security/identity.h"

namespace paceline::scheduler {
namespace {

// Says who may call, after the method's name; leaves room for what was left out.
constexpr size_t kMaxWhyBytes = 256;

// As calls that were let in are named; another service's with the service.
std::string MethodName(absl::string_view path) {
  return std::string(
      absl::StripPrefix(path, "/paceline.v1.Scheduler/").substr(0, DeniedCalls::kMaxMethodBytes));
}

}  // namespace

void DeniedCalls::Record(const DeniedCall& call) {
  uint64_t left_out = 0;
  {
    MutexLock lock(&mu_);
    if (!rate_.Take(IdentityText(call.caller), kLinesPerMinute, clock_->Monotonic())) {
      ++left_out_;
      return;
    }
    left_out = std::exchange(left_out_, 0);
  }
  std::string message(call.why.message().substr(0, kMaxWhyBytes));
  if (left_out > 0) absl::StrAppend(&message, " (left out before: ", left_out, ")");
  // Where from is not known: nothing but the certificate was looked at.
  audit_->Record({.caller = call.caller,
                  .peer = "",
                  .method = MethodName(call.method),
                  .target = "",
                  .outcome = absl::Status(call.why.code(), message)});
}

}  // namespace paceline::scheduler
