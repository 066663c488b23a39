// Keeps retries a small part of all calls: a token bucket, as gRPC's retry
// throttling (proposal A6).
//
// Each success adds a fraction of a token, each retry takes one. While there are
// tokens, retries follow the usual back-off; without, each waits the longest one.
// In steady loss retries are then at most `per_success` of the good calls, but for
// those that have waited long.
#ifndef PACELINE_WORKER_CORE_TASK_RETRY_BUDGET_H_
#define PACELINE_WORKER_CORE_TASK_RETRY_BUDGET_H_

#include <algorithm>

namespace paceline::worker {

struct RetryBudgetOptions {
  // Tokens held at most, and at the start.
  double most = 10;
  // Tokens that a success adds.
  double per_success = 0.1;
};

// Thread-compatible.
class RetryBudget {
 public:
  explicit RetryBudget(const RetryBudgetOptions& options)
      : options_(options), tokens_(options.most) {}

  void OnSuccess() { tokens_ = std::min(options_.most, tokens_ + options_.per_success); }

  // Takes a token; false if there is none.
  bool TakeRetry() {
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  const RetryBudgetOptions options_;
  double tokens_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_RETRY_BUDGET_H_
