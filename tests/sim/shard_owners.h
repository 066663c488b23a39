// Who owns a shard: under one epoch of a job's timeline at most one process of a
// server, and of that the tables that it opened once.
//
// Told by both sides, which must agree: where the scheduler's map places a shard, and
// which server reports that it serves it, or answers a push or pull of it with success.
//
// Owned by one thread.
#ifndef PACELINE_TESTS_SIM_SHARD_OWNERS_H_
#define PACELINE_TESTS_SIM_SHARD_OWNERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "proto/node.pb.h"

namespace paceline::sim {

class ShardOwners {
 public:
  struct Owner {
    uint64_t node_id = 0;
    uint64_t incarnation = 0;

    bool operator==(const Owner&) const = default;
  };
  struct World {
    uint64_t job_id = 0;
    uint64_t timeline = 0;
    uint64_t epoch = 0;
  };

  // The map places every shard of it.
  void Placed(const v1::ShardMap& map);
  // The owner serves the shard from tables that are the `opening`th of its server.
  void Serves(const World& world, uint32_t shard, const Owner& owner, uint64_t opening);

  // The first breach, in words; empty: there is none.
  const std::string& breach() const { return breach_; }

 private:
  struct Entry {
    Owner owner;
    // 0: nobody has served it yet.
    uint64_t opening = 0;
  };
  // Null if another owns the shard: that is a breach.
  Entry* Find(const World& world, uint32_t shard, const Owner& owner, const char* does);

  // By job, timeline, epoch and shard.
  std::map<std::tuple<uint64_t, uint64_t, uint64_t, uint32_t>, Entry> owners_;
  std::string breach_;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_SHARD_OWNERS_H_
