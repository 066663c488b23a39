// The signals that end a daemon, received where main waits for them.
//
//   BlockTerminationSignals();        // first in main, before any thread
//   ... Start ...
//   const int signal = WaitForTerminationSignal();
//   ... Shutdown ...
//
// Another thread ends the wait with RequestTermination.
#ifndef PACELINE_COMMON_DAEMON_SIGNALS_H_
#define PACELINE_COMMON_DAEMON_SIGNALS_H_

#include <string>

namespace paceline {

// Blocks SIGTERM and SIGINT in this thread and in those it starts from now on; a
// thread that a library started before main passes them on. Ignores SIGPIPE: a
// write to a closed connection is an error, not the end.
void BlockTerminationSignals();

// Returns SIGTERM or SIGINT. A second signal afterwards is kept, not acted on.
// If `notice` names a file, it is looked for twice a second, and once it is there that is a
// SIGTERM: whoever learns that the machine is about to be taken away makes it.
int WaitForTerminationSignal(const std::string& notice = "");

// As if somebody had sent this process a SIGTERM. Thread-safe.
void RequestTermination();

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_SIGNALS_H_
