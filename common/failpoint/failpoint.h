// A named place where a test can make the code fail, wait or die.
//
//   absl::Status SqliteJournal::Append(...) {
//     PL_RETURN_IF_ERROR(Failpoint("scheduler.journal.append"));
//
// OK, at the price of one relaxed load, unless the process was started with
// --test-faults (common/failpoint/test_faults.h). An armed failpoint may return an
// error that names it, return late, never return, or end the process by SIGKILL. A
// name that names.h does not declare does not compile.
//
// The registry is one for the process: a failpoint stands for what befalls the
// process from outside, and code that can fail must not have to be handed a test's
// object. Only the flag and tests arm it.
//
// Thread-safe.
#ifndef PACELINE_COMMON_FAILPOINT_FAILPOINT_H_
#define PACELINE_COMMON_FAILPOINT_FAILPOINT_H_

#include <atomic>
#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "common/failpoint/names.h"

namespace paceline {

// A declared failpoint, looked up by the compiler.
class FailpointName {
 public:
  // Implicit: callers write the literal.
  consteval FailpointName(const char* name) : index_(Find(name)) {}
  // In kFailpoints.
  constexpr size_t index() const { return index_; }

 private:
  static consteval size_t Find(std::string_view name) {
    for (size_t i = 0; i < kFailpoints.size(); ++i) {
      if (kFailpoints[i].name == name) return i;
    }
    throw "not declared in common/failpoint/names.h";
  }

  size_t index_;
};

namespace failpoint_internal {
extern std::atomic<bool> armed;
absl::Status Hit(size_t index);
}  // namespace failpoint_internal

// Errors:  whatever the armed failpoint is to return.
inline absl::Status Failpoint(FailpointName name) {
  if (!failpoint_internal::armed.load(std::memory_order_relaxed)) return absl::OkStatus();
  return failpoint_internal::Hit(name.index());
}

}  // namespace paceline

#endif  // PACELINE_COMMON_FAILPOINT_FAILPOINT_H_
