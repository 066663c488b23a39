#include "scheduler/core/observed/history.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline::scheduler {
namespace {

std::vector<uint64_t> Iterations(const History& history) {
  std::vector<uint64_t> iterations;
  for (const v1::HistoryPoint& point : history) iterations.push_back(point.iteration());
  return iterations;
}

History Points(uint64_t count) {
  History history;
  for (uint64_t i = 0; i < count; ++i) history.Add()->set_iteration(i);
  return history;
}

TEST_CASE("a curve that is short enough stays as it is") {
  History history = Points(4);
  ThinHistory(4, &history);
  CHECK(Iterations(history) == std::vector<uint64_t>{0, 1, 2, 3});
  history.Clear();
  ThinHistory(1, &history);
  CHECK(history.empty());
}

TEST_CASE("every second point goes, as often as it takes, and the newest stays") {
  History history = Points(9);
  ThinHistory(8, &history);
  CHECK(Iterations(history) == std::vector<uint64_t>{0, 2, 4, 6, 8});
  history = Points(16);
  ThinHistory(4, &history);
  CHECK(Iterations(history) == std::vector<uint64_t>{3, 7, 11, 15});
  ThinHistory(1, &history);
  CHECK(Iterations(history) == std::vector<uint64_t>{15});
}

TEST_CASE("a history never has more points than it may, and keeps the newest") {
  History history;
  for (uint64_t i = 0; i < 5 * kMaxHistoryPoints; ++i) {
    v1::HistoryPoint point;
    point.set_iteration(i);
    const bool full = history.size() == kMaxHistoryPoints;
    CHECK(AppendPoint(point, &history) == full);
    REQUIRE(history.size() <= kMaxHistoryPoints);
    REQUIRE(history.rbegin()->iteration() == i);
  }
}

}  // namespace
}  // namespace paceline::scheduler
