// The limit of the network here: pairs of processes, one sends messages over a TCP
// socket with few outstanding, the other reads them and answers each with a byte.
#ifndef PACELINE_TESTS_BENCH_RAW_TCP_H_
#define PACELINE_TESTS_BENCH_RAW_TCP_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "tests/bench/role_processes.h"

namespace paceline::bench {

struct RawTcpOptions {
  int pairs = 2;
  uint64_t message_bytes = uint64_t{4} << 20;
  int outstanding = 2;
  // TCP_CONGESTION of both ends; empty: the system's.
  std::string congestion = "cubic";
  absl::Duration time = absl::Seconds(1);
};

// A step is a message.
RunTotals RunRawTcp(const RawTcpOptions& options);

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_RAW_TCP_H_
