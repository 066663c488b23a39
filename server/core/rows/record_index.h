// Key -> record of a bucket: a flat hash table with open addressing and linear
// probing, four places to a cache line, at most two thirds full. It grows by half, so
// a key takes 24 to 36 bytes, and 60 while the places of the full table move to those of
// the next. A key that goes leaves no mark: those behind it move up.
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
    for (uint64_t at = Home(key);; at = Next(at)) {
      const Place& place = places()[at];
      if (place.key == key || place.record == nullptr) return place.record;
    }
  }

  // Makes room for `keys` keys in all: until then nothing moves.
  void Reserve(uint64_t keys);

  // Adds `key`, which is absent, with its record, which is not null.
  void Insert(uint64_t key, float* record);

  // Takes `key` out, which is there, and returns its record. Room that was made stays.
  float* Erase(uint64_t key);

  // Calls fn(key, record) for all, in no particular order. What it calls moves nothing.
  template <typename Fn>
  void ForEach(Fn fn) const {
    for (uint64_t at = 0; at < capacity_; ++at) {
      if (const Place& place = places()[at]; place.record != nullptr) fn(place.key, place.record);
    }
  }

  // Bytes taken for `keys` keys that came one by one or all at once, where none went.
  static uint64_t BytesFor(uint64_t keys);
  // Of the places that are left behind while room for `from` keys becomes room for `to`.
  static uint64_t MovingBytes(uint64_t from, uint64_t to);
  // At most, while room for one key more than `keys` is made.
  static uint64_t PeakBytesFor(uint64_t keys);

 private:
  // Absent: all zeros.
  struct Place {
    uint64_t key;
    float* record;
  };

  Place* places() const { return static_cast<Place*>(memory_.data()); }
  // Ascends with the key's hash. The keys of a bucket agree in its lowest bits.
  uint64_t Home(uint64_t key) const {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(MixBits(key)) * capacity_ >> 64);
  }
  uint64_t Next(uint64_t at) const { return at + 1 == capacity_ ? 0 : at + 1; }
  // Places from `from` on to `to`, around the end.
  uint64_t Distance(uint64_t from, uint64_t to) const {
    return to >= from ? to - from : to + capacity_ - from;
  }
  // Takes the first free place for an absent key.
  void Put(uint64_t key, float* record);
  static uint64_t CapacityFor(uint64_t keys);

  TableMemory memory_;
  uint64_t size_ = 0;
  uint64_t capacity_ = 0;  // places
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_RECORD_INDEX_H_
