// For tests: servers that hold rows in a map and take pushes and pulls as the wire
// defines them.
#ifndef PACELINE_WORKER_CORE_TASK_MAP_SERVERS_H_
#define PACELINE_WORKER_CORE_TASK_MAP_SERVERS_H_

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"
#include "common/tables/sharding.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"

namespace paceline::worker {

// Of the one rank that the tests play.
inline v1::RequestContext Context(uint64_t iteration) {
  v1::RequestContext context;
  context.set_job_id(7);
  context.set_timeline(1);
  context.set_epoch(1);
  context.set_rank(2);
  context.set_incarnation(3);
  context.set_iteration(iteration);
  return context;
}

inline std::string Bytes(const FramePayload& payload) {
  std::string bytes;
  for (const PayloadPiece& piece : payload) bytes.append(piece.data, piece.size);
  return bytes;
}

// Rows that servers hold, by (table, row or key).
using Store = std::map<std::pair<uint32_t, uint64_t>, std::vector<float>>;

inline const v1::ShardSpec& ShardOf(const v1::ShardMap& map, uint32_t shard) {
  return map.shards(static_cast<int>(shard));
}

// Reads a push as the wire defines it.
inline void Receive(const v1::ShardMap& map, const PushFrame& frame, Store* store,
                    std::vector<std::set<uint32_t>>* carried) {
  const std::string bytes = Bytes(frame.payload);
  REQUIRE(bytes.size() == frame.payload_bytes);
  size_t at = 0;
  for (const v1::PushBlock& block : frame.header.blocks()) {
    const v1::ShardSpec& shard = ShardOf(map, block.shard());
    const v1::TableSpec& table = map.tables(static_cast<int>(shard.table()));
    CHECK(shard.server() == frame.server);
    CHECK((*carried)[frame.server].insert(block.shard()).second);
    std::vector<uint64_t> keys(block.rows());
    if (table.kind() == v1::TABLE_KIND_SPARSE) {
      std::memcpy(keys.data(), bytes.data() + at, keys.size() * 8);
      at += keys.size() * 8;
      for (size_t i = 0; i < keys.size(); ++i) {
        CHECK(BucketOfKey(keys[i], shard.buckets()) == shard.bucket());
        CHECK((i == 0 || keys[i - 1] < keys[i]));
      }
    } else {
      CHECK(block.rows() == shard.rows());
      for (size_t i = 0; i < keys.size(); ++i) keys[i] = shard.first_row() + i;
    }
    std::vector<float> values(keys.size() * table.dim());
    const bool topk = block.codec() == v1::CODEC_TOPK;
    const uint64_t size =
        topk ? IndexedBytes(block.kept()) : EncodedBytes(block.codec(), values.size());
    REQUIRE(at + size <= bytes.size());
    if (topk) {
      REQUIRE(ReadIndexed(bytes.data() + at, block.kept(), absl::MakeSpan(values)));
    } else {
      Decode(block.codec(), bytes.data() + at, absl::MakeSpan(values));
    }
    at += size;
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto row = values.begin() + static_cast<std::ptrdiff_t>(i * table.dim());
      (*store)[{shard.table(), keys[i]}] = {row, row + table.dim()};
    }
  }
  CHECK(at == bytes.size());
}

// Answers a pull from the store as the wire defines it; absent rows are -1.
inline std::pair<v1::PullResponse, std::string> Answer(const v1::ShardMap& map,
                                                       const PullFrame& frame, const Store& store) {
  v1::PullResponse response;
  const std::string asked = Bytes(frame.payload);
  CHECK(asked.size() == frame.payload_bytes);
  std::string payload;
  size_t at = 0;
  for (const v1::PullBlock& block : frame.header.blocks()) {
    const v1::ShardSpec& shard = ShardOf(map, block.shard());
    const v1::TableSpec& table = map.tables(static_cast<int>(shard.table()));
    CHECK(shard.server() == frame.server);
    std::vector<uint64_t> keys;
    if (table.kind() == v1::TABLE_KIND_SPARSE) {
      keys.resize(block.keys());
      std::memcpy(keys.data(), asked.data() + at, keys.size() * 8);
      at += keys.size() * 8;
    } else {
      CHECK(block.keys() == 0);
      for (uint64_t i = 0; i < shard.rows(); ++i) keys.push_back(shard.first_row() + i);
    }
    std::vector<float> values;
    for (const uint64_t key : keys) {
      const auto found = store.find({shard.table(), key});
      const std::vector<float> row =
          found != store.end() ? found->second : std::vector<float>(table.dim(), -1.0f);
      values.insert(values.end(), row.begin(), row.end());
    }
    std::string encoded(EncodedBytes(block.codec(), values.size()), '\0');
    Encode(block.codec(), values, encoded.data());
    payload += encoded;
    v1::PulledBlock* pulled = response.add_blocks();
    pulled->set_codec(block.codec());
    pulled->set_shard(block.shard());
    pulled->set_rows(keys.size());
    pulled->set_version(5);
  }
  CHECK(at == asked.size());
  CHECK(payload.size() == frame.reply_bytes);
  return {response, payload};
}

// Reads a string piece by piece.
struct StringReader {
  const std::string& bytes;
  mutable size_t at = 0;
  bool operator()(void* to, size_t size) const {
    if (bytes.size() - at < size) return false;
    std::memcpy(to, bytes.data() + at, size);
    at += size;
    return true;
  }
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_MAP_SERVERS_H_
