#include "server/core/rate_meter.h"

namespace paceline::server {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(5);
constexpr absl::Duration kForgotten = absl::Minutes(1);

}  // namespace

void RateMeter::Add(absl::Duration now, const Key& key, uint64_t count) {
  const Point point = {.at = now, .count = count};
  const auto [found, is_new] = counters_.try_emplace(key, Counter{point, point, point});
  if (is_new) return;
  Counter& counter = found->second;
  if (count < counter.last.count) counter = {point, point, point};
  counter.last = point;
  if (now - counter.newer.at < kWindow) return;
  counter.older = counter.newer;
  counter.newer = point;
}

double RateMeter::Rate(const Key& key) const {
  const auto found = counters_.find(key);
  if (found == counters_.end()) return 0;
  const Counter& counter = found->second;
  const absl::Duration time = counter.last.at - counter.older.at;
  if (time <= absl::ZeroDuration()) return 0;
  return static_cast<double>(counter.last.count - counter.older.count) /
         absl::ToDoubleSeconds(time);
}

void RateMeter::Forget(absl::Duration now) {
  std::erase_if(counters_,
                [&](const auto& entry) { return now - entry.second.last.at > kForgotten; });
}

}  // namespace paceline::server
