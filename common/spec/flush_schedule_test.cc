#include "common/spec/flush_schedule.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline {
namespace {

v1::JobSpec Spec(v1::Policy policy, v1::Codec push) {
  v1::JobSpec spec;
  spec.mutable_consistency()->set_policy(policy);
  spec.mutable_compression()->set_push(push);
  spec.mutable_checkpoint()->set_every_iterations(4);
  return spec;
}

std::vector<uint64_t> Flushes(const FlushSchedule& schedule, uint64_t total) {
  std::vector<uint64_t> iterations;
  for (uint64_t t = 0; t < total; ++t) {
    if (schedule.At(t, total)) iterations.push_back(t);
  }
  return iterations;
}

TEST_CASE("a flush ends at every round of a cut, and at the last") {
  for (const v1::Codec push : {v1::CODEC_TOPK, v1::CODEC_ONEBIT}) {
    const FlushSchedule schedule(Spec(v1::POLICY_BSP, push));
    CHECK(schedule.flushes());
    CHECK(Flushes(schedule, 10) == std::vector<uint64_t>{3, 7, 9});
    CHECK(Flushes(schedule, 8) == std::vector<uint64_t>{3, 7});
    CHECK(Flushes(schedule, 1) == std::vector<uint64_t>{0});
    for (uint64_t round = 0; round < 50; ++round) {
      const uint64_t cut = schedule.CutRound(round);
      CHECK(cut >= round);
      CHECK(cut < round + 4);
      CHECK((cut == 0 || schedule.At(cut - 1, 1000)));
    }
  }
}

TEST_CASE("one table that leaves something is enough") {
  v1::JobSpec spec = Spec(v1::POLICY_BSP, v1::CODEC_BF16);
  CHECK_FALSE(FlushSchedule(spec).flushes());
  spec.mutable_compression()->add_tables()->set_push(v1::CODEC_INT8);
  CHECK_FALSE(FlushSchedule(spec).flushes());
  spec.mutable_compression()->add_tables()->set_push(v1::CODEC_TOPK);
  CHECK(FlushSchedule(spec).flushes());
}

TEST_CASE("nothing is flushed where nothing is left, or where cuts are of no one iteration") {
  for (const v1::JobSpec& spec :
       {Spec(v1::POLICY_BSP, v1::CODEC_FLOAT32), Spec(v1::POLICY_BSP, v1::CODEC_INT8),
        Spec(v1::POLICY_SSP, v1::CODEC_TOPK), Spec(v1::POLICY_ASP, v1::CODEC_ONEBIT)}) {
    const FlushSchedule schedule(spec);
    CHECK_FALSE(schedule.flushes());
    CHECK(Flushes(schedule, 20).empty());
    CHECK(schedule.CutRound(5) == 5);
  }
}

}  // namespace
}  // namespace paceline
