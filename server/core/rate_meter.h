// How fast counters grow, seen at irregular moments: a rate over the last five to ten
// seconds, or over longer if nobody looked meanwhile.
//
//   meter.Add(now, key, count);
//   meter.Rate(key);
//   meter.Forget(now);   // what was not added for a minute
//
// Thread-compatible. Pure: times are points of one monotonic clock.
#ifndef PACELINE_SERVER_CORE_RATE_METER_H_
#define PACELINE_SERVER_CORE_RATE_METER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>

#include "absl/time/time.h"

namespace paceline::server {

class RateMeter {
 public:
  // Of a shard: job, timeline, shard.
  using Key = std::tuple<uint64_t, uint64_t, uint32_t>;

  // The counter's value now; smaller than before: it began anew.
  void Add(absl::Duration now, const Key& key, uint64_t count);

  // Per second; 0 while it was seen only once.
  double Rate(const Key& key) const;

  // Drops the counters that were not added for a minute.
  void Forget(absl::Duration now);
  size_t size() const { return counters_.size(); }

 private:
  struct Point {
    absl::Duration at;
    uint64_t count = 0;
  };
  struct Counter {
    // The rate is that from `older` to `last`; `newer` takes the place of `older` in time.
    Point older;
    Point newer;
    Point last;
  };

  std::map<Key, Counter> counters_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_RATE_METER_H_
