#include "worker/core/task/batch_selection.h"

#include <catch2/catch.hpp>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

v1::JobSpec Spec(v1::Policy policy, uint32_t batch, uint32_t epochs, uint64_t iterations) {
  v1::JobSpec spec;
  spec.mutable_consistency()->set_policy(policy);
  spec.mutable_train()->set_global_batch(batch);
  spec.mutable_train()->set_epochs(epochs);
  spec.mutable_train()->set_iterations(iterations);
  return spec;
}

v1::Grant MakeGrant(uint32_t number, uint64_t first_iteration, uint64_t epoch, uint64_t first,
                    uint64_t count) {
  v1::Grant grant;
  grant.set_number(number);
  grant.set_first_iteration(first_iteration);
  grant.set_epoch(epoch);
  grant.set_first(first);
  grant.set_count(count);
  return grant;
}

TEST_CASE("bsp: what compression leaves behind is flushed in rounds that all ranks know") {
  v1::JobSpec spec = Spec(v1::POLICY_BSP, 4, 2, 0);
  spec.mutable_compression()->set_push(v1::CODEC_TOPK);
  spec.mutable_checkpoint()->set_every_iterations(4);
  const auto flushes = [&](uint32_t rank, uint64_t records) {
    const BatchSelection selection(spec, rank, 2, records);
    std::vector<uint64_t> rounds;
    for (uint64_t t = 0; t < selection.available(); ++t) {
      if (selection.At(t)->flush) rounds.push_back(t);
    }
    return rounds;
  };
  // Six rounds; the last one is a flush, too.
  CHECK(flushes(0, 10) == std::vector<uint64_t>{3, 5});
  CHECK(flushes(1, 10) == std::vector<uint64_t>{3, 5});
  // A model without data.
  spec.mutable_train()->set_iterations(9);
  CHECK(flushes(0, 0) == std::vector<uint64_t>{3, 7, 8});
}

TEST_CASE("bsp: rounds are known from the start, and ranks share them whole") {
  const v1::JobSpec spec = Spec(v1::POLICY_BSP, 4, 2, 0);
  for (const uint32_t ranks : {1u, 2u, 3u, 6u}) {
    for (uint64_t round = 0; round < 6; ++round) {
      // 10 records: rounds of 4, 4 and 2.
      uint64_t next = round % 3 * 4;
      uint64_t sum = 0;
      for (uint32_t rank = 0; rank < ranks; ++rank) {
        const BatchSelection selection(spec, rank, ranks, 10);
        CHECK(selection.available() == 6);
        CHECK(selection.complete());
        const std::optional<IterationBatch> batch = selection.At(round);
        REQUIRE(batch.has_value());
        CHECK(batch->share.epoch == round / 3);
        CHECK(batch->share.positions.begin == next);
        CHECK(batch->divisor == (round % 3 == 2 ? 2 : 4));
        CHECK(selection.EndsPass(round) == (round % 3 == 2));
        next = batch->share.positions.end;
        sum += batch->share.positions.size();
        CHECK_FALSE(selection.At(6).has_value());
        CHECK(selection.IterationsWanted(0, 100) == 0);
      }
      CHECK(sum == (round % 3 == 2 ? 2 : 4));
    }
  }
  CHECK(BatchSelection(Spec(v1::POLICY_BSP, 4, 2, 5), 0, 1, 10).available() == 5);
}

TEST_CASE("A model without data has its iterations and no records") {
  for (const v1::Policy policy : {v1::POLICY_BSP, v1::POLICY_SSP, v1::POLICY_ASP}) {
    BatchSelection selection(Spec(policy, 4, 0, 9), 0, 2, 0);
    CHECK(selection.available() == 9);
    CHECK(selection.complete());
    CHECK_FALSE(selection.uses_grants());
    CHECK(selection.At(8)->divisor == 0);
    CHECK_FALSE(selection.EndsPass(8));
    CHECK_STATUS(selection.AddGrants({MakeGrant(0, 0, 0, 0, 4)}, true),
                 absl::StatusCode::kInvalidArgument, "none were due");
  }
}

TEST_CASE("ssp, asp: batches follow the grants") {
  BatchSelection selection(Spec(v1::POLICY_SSP, 4, 2, 0), 0, 2, 10);
  CHECK(selection.uses_grants());
  CHECK(selection.available() == 0);
  CHECK_FALSE(selection.At(0).has_value());
  CHECK(selection.IterationsWanted(0, 0) == 8);
  // Positions [0, 5): batches of 2, 2 and 1.
  REQUIRE_OK(selection.AddGrants({MakeGrant(0, 0, 0, 0, 5)}, false));
  CHECK(selection.available() == 3);
  CHECK(selection.At(2)->share == EpochPositions{0, {4, 5}});
  CHECK(selection.At(2)->divisor == 1);
  CHECK_FALSE(selection.EndsPass(2));
  // A repeated grant does nothing.
  REQUIRE_OK(selection.AddGrants({MakeGrant(0, 0, 0, 0, 5), MakeGrant(1, 3, 1, 6, 4)}, true));
  CHECK(selection.grants_held() == 2);
  CHECK(selection.available() == 5);
  CHECK(selection.complete());
  CHECK(selection.At(3)->share == EpochPositions{1, {6, 8}});
  CHECK(selection.EndsPass(2));
  CHECK_FALSE(selection.EndsPass(3));
  CHECK(selection.EndsPass(4));
  CHECK(selection.IterationsWanted(0, 100) == 0);
}

TEST_CASE("A grant that does not follow is refused") {
  BatchSelection selection(Spec(v1::POLICY_ASP, 4, 2, 0), 0, 2, 10);
  CHECK_STATUS(selection.AddGrants({MakeGrant(1, 0, 0, 0, 5)}, false),
               absl::StatusCode::kInvalidArgument, "");
  CHECK_STATUS(selection.AddGrants({MakeGrant(0, 0, 0, 8, 5)}, false),
               absl::StatusCode::kInvalidArgument, "");
  REQUIRE_OK(selection.AddGrants({MakeGrant(0, 0, 0, 0, 5)}, true));
  CHECK_STATUS(selection.AddGrants({MakeGrant(1, 3, 0, 5, 5)}, true),
               absl::StatusCode::kInvalidArgument, "complete");
}

TEST_CASE("The cap on iterations holds under grants, too") {
  BatchSelection selection(Spec(v1::POLICY_SSP, 4, 2, 2), 0, 2, 10);
  REQUIRE_OK(selection.AddGrants({MakeGrant(0, 0, 0, 0, 10)}, false));
  CHECK(selection.available() == 2);
  CHECK(selection.complete());
}

TEST_CASE("A rank can be stopped before its end, and gets no more") {
  BatchSelection rounds(Spec(v1::POLICY_BSP, 4, 100, 0), 0, 2, 10);
  rounds.StopAt(7);
  CHECK(rounds.available() == 7);
  CHECK(rounds.At(6).has_value());
  CHECK_FALSE(rounds.At(7).has_value());
  rounds.StopAt(9);
  CHECK(rounds.available() == 7);

  BatchSelection grants(Spec(v1::POLICY_ASP, 4, 100, 0), 0, 2, 10);
  REQUIRE_OK(grants.AddGrants({MakeGrant(0, 0, 0, 0, 10)}, false));
  grants.StopAt(3);
  CHECK(grants.available() == 3);
  CHECK(grants.complete());
  CHECK(grants.IterationsWanted(0, 100) == 0);
  // What the scheduler repeats changes nothing.
  REQUIRE_OK(grants.AddGrants({MakeGrant(0, 0, 0, 0, 10)}, true));
  CHECK(grants.available() == 3);
}

TEST_CASE("A rank whose share of a batch is empty has nothing to do") {
  BatchSelection selection(Spec(v1::POLICY_SSP, 2, 2, 0), 3, 4, 10);
  CHECK(selection.available() == 0);
  CHECK(selection.complete());
}

TEST_CASE("A rank wants grants for two minutes of its pace") {
  BatchSelection selection(Spec(v1::POLICY_SSP, 4, 100000, 0), 0, 2, 1000);
  REQUIRE_OK(selection.AddGrants({MakeGrant(0, 0, 0, 0, 100)}, false));
  CHECK(selection.IterationsWanted(10, 0) == 0);
  CHECK(selection.IterationsWanted(45, 0) == 53);
  CHECK(selection.IterationsWanted(10, 2.5) == 310);
}

}  // namespace
}  // namespace paceline::worker
