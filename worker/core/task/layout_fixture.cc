#include "worker/core/task/layout_fixture.h"

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/tables/sharding.h"

namespace paceline::worker {

v1::TableSpec DenseTable(const std::string& name, uint64_t rows, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(rows);
  table.set_dim(dim);
  return table;
}

v1::TableSpec SparseTable(const std::string& name, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(v1::TABLE_KIND_SPARSE);
  table.set_dim(dim);
  return table;
}

v1::ShardMap MapOf(const std::vector<v1::TableSpec>& tables, uint32_t servers) {
  v1::ShardMap map;
  map.set_job_id(7);
  map.set_timeline(1);
  map.set_epoch(1);
  for (const v1::TableSpec& table : tables) *map.add_tables() = table;
  auto shards = CutTables(tables);
  PL_CHECK_OK(shards.status());
  for (v1::ShardSpec& shard : *shards) {
    shard.set_server(shard.shard() % servers);
    *map.add_shards() = shard;
  }
  for (uint32_t s = 0; s < servers; ++s) {
    v1::ShardServer* server = map.add_servers();
    server->set_node_id(s + 1);
    server->set_incarnation(1);
    server->set_address(absl::StrCat("127.0.0.1:", 1000 + s));
  }
  return map;
}

}  // namespace paceline::worker
