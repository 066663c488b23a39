// One rank of a benchmark: steps without a model.
#ifndef PACELINE_TESTS_BENCH_BENCH_RANK_H_
#define PACELINE_TESTS_BENCH_BENCH_RANK_H_

#include <cstdint>

#include "proto/node.pb.h"
#include "tests/bench/data_plane_load.h"
#include "tests/bench/role_processes.h"

namespace paceline::bench {

// Steps until the run is over. Server i is process i.
void PlayRank(const DataPlaneLoad& load, const v1::ShardMap& map, uint32_t rank, Role* role);

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_BENCH_RANK_H_
