// Key -> record of a bucket: a flat hash table with open addressing and linear
// probing, four places to a cache line, at most two thirds full.
//
// A lookup costs a cache miss that can be waited for beforehand: prefetch the keys to
// come, then find them.
//
//   for (i = 0; i < n; ++i) {
//     if (i + kAhead < n) index.Prefetch(keys[i + kAhead]);
//     float* record = index.Find(keys[i]);
//   }
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_ROWS_RECORD_INDEX_H_
#define PACELINE_SERVER_CORE_ROWS_RECORD_INDEX_H_

#include <cstdint>

#include "common/hash.h"
#include "server/core/rows/table_memory.h"

namespace paceline::server {

class RecordIndex {
 public:
  RecordIndex();

  uint64_t size() const { return size_; }

  // Starts to load the line where the search for `key` begins.
  void Prefetch(uint64_t key) const { __builtin_prefetch(&places()[Home(key)]); }

  // Null if the key is absent.
  float* Find(uint64_t key) const {
    for (uint64_t at = Home(key);; at = (at + 1) & mask_) {
      const Place& place = places()[at];
      if (place.key == key || place.record == nullptr) return place.record;
    }
  }

  // Makes room for `keys` keys in all: until then nothing moves.
  void Reserve(uint64_t keys);

  // Adds `key`, which is absent, with its record, which is not null.
  void Insert(uint64_t key, float* record);

  // Calls fn(key, record) for all, in no particular order.
  template <typename Fn>
  void ForEach(Fn fn) const {
    for (uint64_t at = 0; at <= mask_; ++at) {
      if (const Place& place = places()[at]; place.record != nullptr) fn(place.key, place.record);
    }
  }

  // Bytes taken for `keys` keys that came one by one or all at once.
  static uint64_t BytesFor(uint64_t keys);

 private:
  // Absent: all zeros.
  struct Place {
    uint64_t key;
    float* record;
  };

  Place* places() const { return static_cast<Place*>(memory_.data()); }
  // The keys of a bucket agree in the lowest bits of their hash.
  uint64_t Home(uint64_t key) const { return MixBits(key) >> shift_; }
  // Takes the first free place for an absent key.
  void Put(uint64_t key, float* record);
  static uint64_t CapacityFor(uint64_t keys);

  TableMemory memory_;
  uint64_t size_ = 0;
  uint64_t mask_ = 0;  // places - 1
  uint32_t shift_ = 63;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_RECORD_INDEX_H_
