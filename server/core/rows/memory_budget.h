// A limit on memory that many holders share.
//
// Thread-safe.
#ifndef PACELINE_SERVER_CORE_ROWS_MEMORY_BUDGET_H_
#define PACELINE_SERVER_CORE_ROWS_MEMORY_BUDGET_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace paceline::server {

class MemoryBudget {
 public:
  // `limit` [bytes], 0: none. `name` is how a user raises it, e.g. "--memory-limit".
  MemoryBudget(uint64_t limit, std::string name) : limit_(limit), name_(std::move(name)) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes `bytes`, or nothing.
  // Errors:  ResourceExhausted  naming `what`, the limit and the bytes in use.
  absl::Status Reserve(uint64_t bytes, std::string_view what);

  // Gives back what Reserve took.
  void Release(uint64_t bytes);

  // Reserve, given back when the last copy of the handle goes. The budget outlives it.
  absl::StatusOr<std::shared_ptr<const void>> Hold(uint64_t bytes, std::string_view what);

  uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  uint64_t limit() const { return limit_; }

 private:
  const uint64_t limit_;
  const std::string name_;
  std::atomic<uint64_t> used_{0};
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_MEMORY_BUDGET_H_
