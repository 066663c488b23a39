// One run of another system under the same load, by a program that prints its totals.
#ifndef PACELINE_TESTS_BENCH_PEER_PROCESS_H_
#define PACELINE_TESTS_BENCH_PEER_PROCESS_H_

#include <string>

#include "tests/bench/role_processes.h"

namespace paceline::bench {

// Runs a shell command whose last line of output is a JSON object: seconds, bytes,
// steps, cpu_seconds, microseconds (ascending). Stops this process if it fails.
RunTotals RunPeer(const std::string& command);

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_PEER_PROCESS_H_
