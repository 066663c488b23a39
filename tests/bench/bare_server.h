// What a server would cost without its guarantees: the same messages over the same
// transport, and the SGD step straight from the received bytes, but no fence, no order, no
// duplicates, no lock, nothing looked at for finiteness. Exists in the benchmark only.
#ifndef PACELINE_TESTS_BENCH_BARE_SERVER_H_
#define PACELINE_TESTS_BENCH_BARE_SERVER_H_

#include "proto/node.pb.h"
#include "tests/bench/role_processes.h"

namespace paceline::bench {

// Answers OpenRank and Push of dense shards until the run is over.
void ServeBare(const v1::ShardMap& map, Role* role);

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_BARE_SERVER_H_
