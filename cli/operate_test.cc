// `pacectl drain` and `pacectl delete` against a scheduler that answers from a script.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "cli/fake_scheduler.h"
#include "cli/pacectl.h"
#include "cli/test_environment.h"

namespace paceline::cli {
namespace {

using Catch::Matchers::Contains;

int Run(TestEnvironment& test, std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "pacectl");
  return RunPacectl(static_cast<int>(arguments.size()), arguments.data(), test.env);
}

TEST_CASE("drain names the node by number or address, and says what it waits for") {
  FakeScheduler scheduler;
  const std::string address = scheduler.address();
  TestEnvironment test;
  scheduler.SetDrainWaits({"2 ranks of job 1: no free slot elsewhere"});
  REQUIRE(Run(test, {"--address", address.c_str(), "drain", "3", "--reason", "new disks"}) == 0);
  CHECK(test.out.str() == "worker 3 (w1:7072) drains: 2 ranks of job 1: no free slot elsewhere\n");
  REQUIRE(Run(test, {"--address", address.c_str(), "drain", "w1:7072", "--undo"}) == 0);
  CHECK_THAT(test.out.str(), Contains("worker 3 (w1:7072) takes new work\n"));
  const std::vector<v1::DrainNodeRequest> asked = scheduler.drained();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].node_id() == 3);
  CHECK(asked[0].reason() == "new disks");
  CHECK_FALSE(asked[0].undo());
  CHECK(asked[1].address() == "w1:7072");
  CHECK(asked[1].undo());
  CHECK(Run(test, {"--address", address.c_str(), "drain", "4"}) == 2);
  CHECK_THAT(test.err.str(), Contains("no such node"));
}

TEST_CASE("drain --wait ends when the node holds nothing") {
  FakeScheduler scheduler;
  const std::string address = scheduler.address();
  TestEnvironment test;
  scheduler.SetDrainWaits({"2 ranks of job 1: on their way", "1 rank of job 1: on its way"});
  REQUIRE(Run(test, {"--address", address.c_str(), "drain", "3", "--wait"}) == 0);
  CHECK(test.out.str() == "worker 3 (w1:7072) is drained\n");
  CHECK_THAT(test.err.str(), Contains("2 ranks of job 1"));
  CHECK_THAT(test.err.str(), Contains("1 rank of job 1"));
  SECTION("or gives up in time, saying what it holds") {
    scheduler.SetDrainWaits(std::vector<std::string>(1000, "shards of job 1: no other server"));
    CHECK(Run(test, {"--address", address.c_str(), "drain", "3", "--wait", "--timeout", "1"}) == 5);
    CHECK_THAT(test.err.str(), Contains("drains: shards of job 1: no other server"));
  }
  SECTION("as JSON") {
    REQUIRE(Run(test, {"--address", address.c_str(), "-o", "json", "drain", "3"}) == 0);
    CHECK_THAT(test.out.str(), Contains("\"drain_requested\": true"));
  }
}

TEST_CASE("delete forgets a job that has ended, and says why it does not") {
  FakeScheduler scheduler;
  const std::string address = scheduler.address();
  TestEnvironment test;
  REQUIRE(Run(test, {"--address", address.c_str(), "delete", "1"}) == 0);
  CHECK(scheduler.deleted() == std::vector<uint64_t>{1});
  CHECK_THAT(test.err.str(), Contains("job 1 is deleted"));
  CHECK(Run(test, {"--address", address.c_str(), "delete", "2"}) == 2);
  CHECK_THAT(test.err.str(), Contains("job 2 is running; cancel it first"));
}

}  // namespace
}  // namespace paceline::cli
