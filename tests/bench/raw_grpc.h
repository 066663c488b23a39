// What gRPC itself can do here: messages of bytes from one process to another, each
// answered by an empty one, over the channels and servers that the product uses.
#ifndef PACELINE_TESTS_BENCH_RAW_GRPC_H_
#define PACELINE_TESTS_BENCH_RAW_GRPC_H_

#include <cstdint>

#include "absl/time/time.h"
#include "tests/bench/role_processes.h"

namespace paceline::bench {

struct RawGrpcOptions {
  int pairs = 2;
  uint64_t message_bytes = uint64_t{4} << 20;
  int outstanding = 2;
  absl::Duration time = absl::Seconds(1);
};

// A step is a call.
RunTotals RunRawGrpc(const RawGrpcOptions& options);

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_RAW_GRPC_H_
