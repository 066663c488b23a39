// Calls that are lost, repeated and delayed on purpose: every push counts once.
#include <catch2/catch.hpp>
#include <string>

#include "tests/harness/harness.h"

namespace paceline {
namespace {

constexpr uint32_t kRanks = 4;
constexpr uint32_t kServers = 2;
constexpr uint64_t kIterations = 25;

// Of the sums that a run without faults ends with, under any policy.
std::string Golden() {
  static const std::string golden = [] {
    Harness harness(kServers, /*workers=*/2, /*slots=*/2);
    return harness.Run(Counting(v1::POLICY_BSP, kRanks, kServers, kIterations))
        .summary()
        .parameters_sha256();
  }();
  return golden;
}

// Runs the counting model under every policy; returns the duplicates that were dropped.
double CheckCountingIsExact(const RpcFaultSpec& faults) {
  double duplicates = 0;
  Harness harness(kServers, /*workers=*/2, /*slots=*/2, faults);
  for (const v1::Policy policy : {v1::POLICY_BSP, v1::POLICY_SSP, v1::POLICY_ASP}) {
    const v1::Job job = harness.Run(Counting(policy, kRanks, kServers, kIterations));
    INFO(job.ShortDebugString());
    REQUIRE(job.state() == v1::JOB_STATE_SUCCEEDED);
    CHECK(job.summary().iterations() == kRanks * kIterations);
    CHECK(job.summary().parameters_sha256() == Golden());
    duplicates += job.summary().duplicates_dropped();
  }
  return duplicates;
}

TEST_CASE("faults row 14: every call of the data plane is sent twice") {
  const RpcFaultRates twice = {.duplicate = 1000};
  const double duplicates =
      CheckCountingIsExact({.methods = {{"Push", twice}, {"Pull", twice}, {"OpenRank", twice}}});
  // The model has one shard. The copies of the last pushes may come too late to be reported.
  CHECK(duplicates >= 3 * kRanks * (kIterations - 1));
}

TEST_CASE("faults row 15: every third reply is lost after its push was applied") {
  CHECK(CheckCountingIsExact({.methods = {{"Push", {.lose_reply = 333}}}}) > 0);
}

TEST_CASE("faults rows 14, 15: calls of every kind are lost, repeated and delayed") {
  const RpcFaultRates rates = {.lose_request = 50,
                               .lose_reply = 50,
                               .duplicate = 200,
                               .delay = 200,
                               .delay_by = absl::Milliseconds(3)};
  // Nodes that are not heard for four heartbeats are given up.
  const RpcFaultRates heartbeats = {.lose_request = 20,
                                    .lose_reply = 20,
                                    .duplicate = 200,
                                    .delay = 200,
                                    .delay_by = rates.delay_by};
  for (const uint64_t seed : {1, 2}) {
    INFO("seed " << seed);
    CHECK(CheckCountingIsExact(
              {.seed = seed, .methods = {{"*", rates}, {"Heartbeat", heartbeats}}}) > 0);
  }
}

}  // namespace
}  // namespace paceline
