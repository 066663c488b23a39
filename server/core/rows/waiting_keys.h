// Keys of a bucket that wait to be admitted: how many pushes have named each.
//
// Counts are exact. At most kMostWaiting keys are kept: when a push brings more, the
// half that was named last stays and the others are forgotten, as if no push had named
// them; of one iteration the greater keys stay.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_ROWS_WAITING_KEYS_H_
#define PACELINE_SERVER_CORE_ROWS_WAITING_KEYS_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace paceline::server {

inline constexpr uint64_t kMostWaiting = uint64_t{1} << 17;

class WaitingKeys {
 public:
  // As a cut has them, by ascending keys.
  struct Snapshot {
    std::vector<uint64_t> keys;
    std::vector<uint64_t> counts;
    // Iteration of the last push that named each.
    std::vector<uint64_t> used;
  };

  // Pushes that have named `key`; 0 if it does not wait.
  uint32_t Count(uint64_t key) const;
  // One more, in iteration `clock`.
  void Name(uint64_t key, uint64_t clock);
  void Erase(uint64_t key) { keys_.erase(key); }
  // Forgets those for which gone(iteration of the last push that named it) is true.
  template <typename Gone>
  void ForgetIf(Gone gone) {
    absl::erase_if(keys_, [&](const auto& entry) { return gone(entry.second.used); });
  }
  // Forgets what is over kMostWaiting.
  void Trim();

  uint64_t size() const { return keys_.size(); }
  Snapshot Copy() const;
  void Restore(const Snapshot& state);

  // Bytes to account for `keys` keys, an upper bound.
  static uint64_t BytesFor(uint64_t keys);

 private:
  struct Named {
    uint64_t used = 0;
    uint32_t count = 0;
  };
  absl::flat_hash_map<uint64_t, Named> keys_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_WAITING_KEYS_H_
