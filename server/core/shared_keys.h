// Keys of a block, ascending and distinct, held as long as any copy of this is: an update
// that waits for its round and a parked pull keep theirs whatever else forgets them.
//
// Immutable.
#ifndef PACELINE_SERVER_CORE_SHARED_KEYS_H_
#define PACELINE_SERVER_CORE_SHARED_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace paceline::server {

class SharedKeys {
 public:
  // None.
  SharedKeys() = default;
  explicit SharedKeys(std::vector<uint64_t> keys)
      : keys_(std::make_shared<const std::vector<uint64_t>>(std::move(keys))) {}

  absl::Span<const uint64_t> span() const {
    if (keys_ == nullptr) return {};
    return *keys_;
  }
  size_t size() const { return span().size(); }

 private:
  std::shared_ptr<const std::vector<uint64_t>> keys_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_SHARED_KEYS_H_
