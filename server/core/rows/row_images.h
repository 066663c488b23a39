// Pre-images: the weights that rows of a bucket had before they changed, and which
// rows did not exist. The first image of a key counts, later ones are dropped.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_ROWS_ROW_IMAGES_H_
#define PACELINE_SERVER_CORE_ROWS_ROW_IMAGES_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace paceline::server {

// Most bytes that a key and its number take in a flat_hash_map: 17 a place, of
// which at least 7/16 are in use once it has grown.
inline constexpr uint64_t kIndexBytes = 40;

// Stands for the number of an image that says "absent".
inline constexpr uint32_t kAbsentRow = ~uint32_t{0};

struct RowImage {
  enum Kind { kNone, kAbsent, kRow };
  Kind kind = kNone;
  const float* row = nullptr;  // kRow: until the images change
};

class RowImages {
 public:
  explicit RowImages(uint32_t dim) : dim_(dim) {}

  bool Contains(uint64_t key) const { return index_.contains(key); }

  // Remembers the dim weights at `row`, or with null that `key` was absent.
  void Remember(uint64_t key, const float* row);

  RowImage Find(uint64_t key) const;

  uint64_t size() const { return index_.size(); }

  // Bytes to account for one image, an upper bound (the array may be half empty).
  static uint64_t BytesPerImage(uint32_t dim) {
    return 2 * sizeof(float) * uint64_t{dim} + kIndexBytes;
  }

 private:
  uint32_t dim_;
  // Key -> number of its image in rows_, or kAbsentRow.
  absl::flat_hash_map<uint64_t, uint32_t> index_;
  std::vector<float> rows_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_ROW_IMAGES_H_
