// Pre-images of one round: like RowImages, for keys that come in ascending order,
// and cheaper. Empty at first.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_ROWS_ROUND_IMAGES_H_
#define PACELINE_SERVER_CORE_ROWS_ROUND_IMAGES_H_

#include <cstdint>
#include <vector>

#include "server/core/rows/row_images.h"

namespace paceline::server {

class RoundImages {
 public:
  explicit RoundImages(uint32_t dim) : dim_(dim) {}

  // Forgets all images and makes room for `count`.
  void Start(uint64_t count);

  // Remembers the dim weights at `row`, or with null that `key` was absent. `key`
  // is above all keys since Start.
  void Append(uint64_t key, const float* row);

  uint64_t size() const { return keys_.size(); }
  uint64_t key(uint64_t i) const { return keys_[i]; }
  RowImage image(uint64_t i) const;

  // Finds keys that ascend, faster than one by one. `images` outlive it unchanged.
  class Cursor {
   public:
    explicit Cursor(const RoundImages& images) : images_(images) {}
    RowImage Find(uint64_t key);

   private:
    const RoundImages& images_;
    uint64_t at_ = 0;
  };

  // Bytes held after Start(count), which never shrink.
  uint64_t BytesFor(uint64_t count) const;

 private:
  uint32_t dim_;
  uint64_t room_ = 0;  // the largest count so far
  std::vector<uint64_t> keys_;
  // Number of the row's image in rows_, or kAbsentRow.
  std::vector<uint32_t> numbers_;
  std::vector<float> rows_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_ROUND_IMAGES_H_
