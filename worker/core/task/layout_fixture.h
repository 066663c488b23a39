// Shard maps for tests.
#ifndef PACELINE_WORKER_CORE_TASK_LAYOUT_FIXTURE_H_
#define PACELINE_WORKER_CORE_TASK_LAYOUT_FIXTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/node.pb.h"

namespace paceline::worker {

v1::TableSpec DenseTable(const std::string& name, uint64_t rows, uint32_t dim);
v1::TableSpec SparseTable(const std::string& name, uint32_t dim);

// The tables, cut into shards that go round the servers.
v1::ShardMap MapOf(const std::vector<v1::TableSpec>& tables, uint32_t servers);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_LAYOUT_FIXTURE_H_
