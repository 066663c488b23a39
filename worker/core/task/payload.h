// Bytes on their way to a server: pieces that keep their storage alive.
#ifndef PACELINE_WORKER_CORE_TASK_PAYLOAD_H_
#define PACELINE_WORKER_CORE_TASK_PAYLOAD_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"

namespace paceline::worker {

// `owner` holds what `data` points into; it must not change while any copy of
// the piece lives. Immutable.
struct PayloadPiece {
  const char* data = nullptr;
  size_t size = 0;
  std::shared_ptr<const void> owner;
  // These are the keys, all of them, of the next block of the frame that names a key list.
  bool key_list = false;
};

// A payload is the concatenation of its pieces.
using FramePayload = std::vector<PayloadPiece>;

// Copies the next `size` bytes of a received payload to `to`; false if fewer are left.
using PayloadRead = absl::FunctionRef<bool(void* to, size_t size)>;

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_PAYLOAD_H_
