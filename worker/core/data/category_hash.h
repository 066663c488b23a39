// Categories as numbers: hashed, so that no dictionary has to be made, kept or shared.
//
//   category  hash = XXH3-64 of its bytes, seeded with MixBits(kCategorySeed, field)
//   cross     hash = MixBits(... MixBits(MixBits(kCategorySeed, field), hash of the first
//             member), ... hash of the last member): the order of its members matters
//   key       hash mod the number of buckets
//
// `field` counts the columns of categories from 0 in file order, crosses behind them. The
// values never change: they are the same on every machine and in every version.
//
// Thread-safe: pure functions.
#ifndef PACELINE_WORKER_CORE_DATA_CATEGORY_HASH_H_
#define PACELINE_WORKER_CORE_DATA_CATEGORY_HASH_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "common/hash.h"

namespace paceline::worker {

inline constexpr uint64_t kCategorySeed = 0x7061636563617473;

inline uint64_t HashCategory(uint64_t field, absl::string_view value) {
  return HashBytes(value, MixBits(kCategorySeed, field));
}

// Adds members one by one, in order.
class CrossHash {
 public:
  explicit CrossHash(uint64_t field) : hash_(MixBits(kCategorySeed, field)) {}

  void Add(uint64_t member) { hash_ = MixBits(hash_, member); }
  uint64_t hash() const { return hash_; }

 private:
  uint64_t hash_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_CATEGORY_HASH_H_
