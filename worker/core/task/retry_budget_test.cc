#include "worker/core/task/retry_budget.h"

#include <catch2/catch.hpp>

namespace paceline::worker {
namespace {

TEST_CASE("A full bucket allows a burst of retries, and no more") {
  RetryBudget budget({.most = 3, .per_success = 0.5});
  for (int i = 0; i < 100; ++i) budget.OnSuccess();
  for (int i = 0; i < 3; ++i) CHECK(budget.TakeRetry());
  CHECK_FALSE(budget.TakeRetry());
  budget.OnSuccess();
  CHECK_FALSE(budget.TakeRetry());
  budget.OnSuccess();
  CHECK(budget.TakeRetry());
}

TEST_CASE("In steady loss retries are a tenth of the good calls") {
  RetryBudget budget({});
  int retries = 0;
  constexpr int kCalls = 10000;
  // Every second call fails once.
  for (int call = 0; call < kCalls; ++call) {
    if (call % 2 == 0) retries += budget.TakeRetry();
    budget.OnSuccess();
  }
  CHECK(retries <= kCalls / 10 + 10);
  CHECK(retries >= kCalls / 10 - 10);
}

}  // namespace
}  // namespace paceline::worker
