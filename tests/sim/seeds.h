// The seeds that a simulation runs.
//
// PACELINE_SIM_SEEDS sets how many. A failing seed is printed; run it alone with
// PACELINE_SIM_FIRST_SEED=<seed> PACELINE_SIM_SEEDS=1.
//
// Where Bazel splits a test (shard_count), each part runs its share of the seeds.
#ifndef PACELINE_TESTS_SIM_SEEDS_H_
#define PACELINE_TESTS_SIM_SEEDS_H_

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <fstream>

namespace paceline::sim {

inline uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : std::strtoull(value, nullptr, 10);
}

// `one_in`: as many times fewer, for stories that take long. Returns how many were run.
template <typename Body>
uint64_t ForEachSeed(const Body& body, uint64_t one_in = 1) {
  const uint64_t first = FromEnvironment("PACELINE_SIM_FIRST_SEED", 1);
  const uint64_t seeds = (FromEnvironment("PACELINE_SIM_SEEDS", 200) + one_in - 1) / one_in;
  const uint64_t parts = FromEnvironment("TEST_TOTAL_SHARDS", 1);
  const uint64_t part = FromEnvironment("TEST_SHARD_INDEX", 0);
  // Tells Bazel that this test knows how to be split.
  if (const char* file = std::getenv("TEST_SHARD_STATUS_FILE")) std::ofstream(file).put(' ');
  uint64_t run = 0;
  for (uint64_t seed = first + part; seed < first + seeds; seed += parts, ++run) {
    INFO("PACELINE_SIM_FIRST_SEED=" << seed << " PACELINE_SIM_SEEDS=1");
    body(seed);
  }
  return run;
}

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_SEEDS_H_
