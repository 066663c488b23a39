// absl::Mutex, as Debian builds it, looks for deadlocks at every lock, in optimised
// programs too. gRPC locks many times in a call: the search took an eighth of a small
// call's time.
#ifndef PACELINE_COMMON_DAEMON_MUTEX_CHECKS_H_
#define PACELINE_COMMON_DAEMON_MUTEX_CHECKS_H_

namespace paceline {

// Ends the search in optimised builds; in others it goes on. Early in main.
void SkipMutexChecks();

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_MUTEX_CHECKS_H_
