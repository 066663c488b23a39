#include "scheduler/core/observed/straggler.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline::scheduler {
namespace {

// Scores of ranks with these times; what they wait is the same for all.
std::vector<double> Scores(const std::vector<double>& compute_seconds) {
  google::protobuf::RepeatedPtrField<v1::RankStatus> ranks;
  for (const double seconds : compute_seconds) {
    v1::RankStatus* rank = ranks.Add();
    rank->set_wait_seconds(seconds == 0 ? 0 : 8);
    rank->set_step_seconds(seconds == 0 ? 0 : 8 + seconds);
  }
  ScoreStragglers(&ranks);
  std::vector<double> scores;
  for (const v1::RankStatus& rank : ranks) scores.push_back(rank.straggler_score());
  return scores;
}

TEST_CASE("a rank is measured against the others, whatever it waits") {
  CHECK(Scores({1, 1, 1, 2}) == std::vector<double>{1, 1, 1, 2});
  CHECK(Scores({4, 2, 1}) == std::vector<double>{2, 1, 0.5});
  CHECK(Scores({1, 3}) == std::vector<double>{1, 3});
  CHECK(Scores({5}) == std::vector<double>{1});
}

TEST_CASE("a rank without times has no score and counts for nothing") {
  CHECK(Scores({}).empty());
  CHECK(Scores({0, 0}) == std::vector<double>{0, 0});
  CHECK(Scores({0, 2, 4}) == std::vector<double>{0, 1, 2});
}

}  // namespace
}  // namespace paceline::scheduler
