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

class RowImages {
 public:
  explicit RowImages(uint32_t dim) : dim_(dim) {}

  bool Contains(uint64_t key) const { return index_.contains(key); }

  // Remembers the dim weights at `row`, or with null that `key` was absent.
  void Remember(uint64_t key, const float* row);

  enum class Kind { kNone, kAbsent, kRow };
  struct Image {
    Kind kind = Kind::kNone;
    const float* row = nullptr;  // kRow: until the next Remember or Clear
  };
  Image Find(uint64_t key) const;

  uint64_t size() const { return index_.size(); }
  void Clear();

  // Bytes to account for one image.
  static uint64_t BytesPerImage(uint32_t dim);

 private:
  uint32_t dim_;
  // Key -> number of its image in rows_, or kAbsentRow.
  absl::flat_hash_map<uint64_t, uint32_t> index_;
  std::vector<float> rows_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_ROW_IMAGES_H_
