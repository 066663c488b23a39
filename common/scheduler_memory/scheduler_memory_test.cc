#include "common/scheduler_memory/scheduler_memory.h"

#include <catch2/catch.hpp>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

v1::SchedulerIdentity Identity(const std::string& cluster, uint64_t generation, uint64_t nonce,
                               uint64_t index, uint64_t start = 0) {
  v1::SchedulerIdentity identity;
  identity.set_cluster_id(cluster);
  identity.set_generation(generation);
  identity.set_start_nonce(nonce);
  identity.set_journal_index(index);
  identity.set_start_index(start);
  return identity;
}

TEST_CASE("A scheduler that goes on, or starts again on its own journal, is heeded") {
  SchedulerMemory memory;
  CHECK(memory.last().cluster_id().empty());
  REQUIRE_OK(memory.Check(Identity("a", 3, 11, 100)));
  REQUIRE_OK(memory.Check(Identity("a", 3, 11, 100)));
  REQUIRE_OK(memory.Check(Identity("a", 3, 11, 107)));
  REQUIRE_OK(memory.Check(Identity("a", 4, 12, 108, 108)));
  CHECK(memory.last().generation() == 4);
}

TEST_CASE("One that is behind is not") {
  struct Case {
    v1::SchedulerIdentity identity;
    std::string message;
  };
  const Case cases[] = {
      {Identity("b", 3, 11, 100), "is of another cluster"},
      {Identity("a", 2, 11, 200), "is of an older generation"},
      {Identity("a", 3, 12, 200), "is another start of the same generation"},
      {Identity("a", 3, 11, 99), "has an older journal"},
      {Identity("a", 4, 13, 99, 99), "journal index 99"},
      // It began on an older copy and has written more since.
      {Identity("a", 4, 13, 300, 99), "has an older journal"},
      {Identity("a", 4, 13, 300, 100), "has an older journal"},
  };
  for (const Case& c : cases) {
    SchedulerMemory memory;
    REQUIRE_OK(memory.Check(Identity("a", 3, 11, 100)));
    CHECK_STATUS(memory.Check(c.identity), absl::StatusCode::kFailedPrecondition, c.message);
    CHECK(memory.last().journal_index() == 100);
  }
}

}  // namespace
}  // namespace paceline
