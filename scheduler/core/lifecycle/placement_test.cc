#include "scheduler/core/lifecycle/placement.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "common/status/status_matchers.h"
#include "common/tables/sharding.h"

namespace paceline::scheduler {
namespace {

std::vector<uint64_t> Loads(const std::vector<uint64_t>& bytes, uint32_t servers) {
  const std::vector<uint32_t> placed = SpreadBytes(bytes, servers);
  std::vector<uint64_t> loads(servers, 0);
  for (size_t i = 0; i < bytes.size(); ++i) loads[placed[i]] += bytes[i];
  return loads;
}

TEST_CASE("no server has more than the mean and one shard, and none could give the largest away") {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    const auto servers = static_cast<uint32_t>(1 + random() % 9);
    std::vector<uint64_t> bytes(random() % 200);
    for (uint64_t& b : bytes) b = random() % 3 == 0 ? random() % 4'000'000 : random() % 100;
    const std::vector<uint64_t> loads = Loads(bytes, servers);
    const uint64_t total = std::accumulate(bytes.begin(), bytes.end(), uint64_t{0});
    const uint64_t largest = bytes.empty() ? 0 : *std::max_element(bytes.begin(), bytes.end());
    INFO("seed " << seed);
    CHECK(std::accumulate(loads.begin(), loads.end(), uint64_t{0}) == total);
    const uint64_t most = *std::max_element(loads.begin(), loads.end());
    CHECK(most <= total / servers + largest);
    // Graham 1969: longest first is within 4/3 of the best possible.
    const uint64_t lower_bound = std::max(largest, (total + servers - 1) / servers);
    CHECK(most <= lower_bound + lower_bound / 3 + largest / 3 + bytes.size() + 1);
    CHECK(SpreadBytes(bytes, servers) == SpreadBytes(bytes, servers));
  }
}

TEST_CASE("one huge tensor and many tiny ones do not end on one server") {
  v1::JobRecord job;
  v1::TaskFacts* facts = job.mutable_facts();
  const auto add = [&](const std::string& name, uint64_t rows, uint32_t dim) {
    v1::TableSpec* table = facts->add_tables();
    table->set_name(name);
    table->set_kind(v1::TABLE_KIND_DENSE);
    table->set_rows(rows);
    table->set_dim(dim);
  };
  add("a_huge", 100'000, 1024);  // 400 MiB
  for (int i = 100; i < 300; ++i) add("b_tiny_" + std::to_string(i), 1, 10);
  std::vector<v1::NodeRecord> nodes(4);
  std::vector<const v1::NodeRecord*> servers;
  for (size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].set_node_id(i + 1);
    nodes[i].set_incarnation(7);
    nodes[i].set_address("s" + std::to_string(i));
    servers.push_back(&nodes[i]);
  }
  REQUIRE_OK_AND_ASSIGN(const v1::ShardMap map, PlaceShards(job, servers, 3, 5));
  CHECK(map.timeline() == 3);
  CHECK(map.epoch() == 5);
  CHECK(map.servers(2).incarnation() == 7);
  std::vector<uint64_t> bytes(4, 0);
  std::vector<int> count(4, 0);
  for (const v1::ShardSpec& shard : map.shards()) {
    bytes[shard.server()] += ShardBytes(map.tables(shard.table()), shard);
    ++count[shard.server()];
  }
  const auto [least, most] = std::minmax_element(bytes.begin(), bytes.end());
  CHECK(*most - *least <= kMaxShardBytes);
  for (const int n : count) CHECK(n > 0);
}

TEST_CASE("a server that would get no shard is not in the map") {
  v1::JobRecord job;
  v1::TableSpec* table = job.mutable_facts()->add_tables();
  table->set_name("w");
  table->set_kind(v1::TABLE_KIND_DENSE);
  table->set_rows(10);
  table->set_dim(2);
  const std::vector<v1::NodeRecord> nodes(3);
  const std::vector<const v1::NodeRecord*> servers = {&nodes[0], &nodes[1], &nodes[2]};
  REQUIRE_OK_AND_ASSIGN(const v1::ShardMap map, PlaceShards(job, servers, 1, 1));
  CHECK(map.shards_size() == 1);
  CHECK(map.servers_size() == 1);
}

TEST_CASE("shards without known size are spread as well") {
  const std::vector<uint32_t> placed = SpreadBytes(std::vector<uint64_t>(64, 0), 4);
  std::vector<int> count(4, 0);
  for (const uint32_t server : placed) ++count[server];
  for (const int n : count) CHECK(n == 16);
}

}  // namespace
}  // namespace paceline::scheduler
