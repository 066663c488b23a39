#include "server/core/rows/memory_budget.h"

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace paceline::server {

absl::Status MemoryBudget::Reserve(uint64_t bytes, std::string_view what) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (limit_ != 0 && (used > limit_ || bytes > limit_ - used)) {
      return absl::ResourceExhaustedError(
          absl::StrCat(std::string(what), ": ", bytes, " bytes more would pass the limit of ",
                       limit_, " (", name_, "); ", used, " are in use"));
    }
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const void>> MemoryBudget::Hold(uint64_t bytes,
                                                               std::string_view what) {
  if (absl::Status reserved = Reserve(bytes, what); !reserved.ok()) return reserved;
  // Not an object: a reason to give back.
  return std::shared_ptr<const void>(this, [bytes](const void* budget) {
    static_cast<MemoryBudget*>(const_cast<void*>(budget))->Release(bytes);
  });
}

void MemoryBudget::Release(uint64_t bytes) {
  const uint64_t used = used_.fetch_sub(bytes, std::memory_order_relaxed);
  PL_CHECK_GE(used, bytes) << name_;
}

}  // namespace paceline::server
