// The seeds that a simulation runs.
//
// PACELINE_SIM_SEEDS sets how many. A failing seed is printed; run it alone with
// PACELINE_SIM_FIRST_SEED=<seed> PACELINE_SIM_SEEDS=1.
#ifndef PACELINE_TESTS_SIM_SEEDS_H_
#define PACELINE_TESTS_SIM_SEEDS_H_

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>

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
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    INFO("PACELINE_SIM_FIRST_SEED=" << seed << " PACELINE_SIM_SEEDS=1");
    body(seed);
  }
  return seeds;
}

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_SEEDS_H_
