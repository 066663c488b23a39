// Bytes of a request or a reply in pieces that share their owners: received
// slices on the way in, rows on the way out. Nothing is copied until CopyTo.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_PAYLOAD_H_
#define PACELINE_SERVER_CORE_PAYLOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/core/rows/byte_view.h"

namespace paceline::server {

// `bytes` are there while `owner` is held, and stay as they are.
struct Piece {
  std::shared_ptr<const void> owner;
  absl::Span<const uint8_t> bytes;
  // They stay as they are only until the request is answered.
  bool borrowed = false;
};

class Payload {
 public:
  Payload() = default;

  // A payload of one piece that owns `bytes`.
  static Payload Of(std::string bytes);

  void Append(Piece piece);
  void Append(const Payload& other);

  // Total bytes.
  size_t size() const { return size_; }
  const std::vector<Piece>& pieces() const { return pieces_; }

  // Bytes [offset, offset + size), sharing owners. Within size().
  Payload Slice(size_t offset, size_t size) const;

  // The same bytes, none of them borrowed: those that are, are copied.
  // Errors:  ResourceExhausted  no memory for the copy.
  absl::StatusOr<Payload> Keep() const;

  // The same bytes without their owners: the payload outlives the view.
  ByteView View() const;

  // Copies all bytes to `out`, which holds size() bytes.
  void CopyTo(void* out) const;

  // All bytes as one string, for tests and small payloads.
  std::string ToString() const;

 private:
  std::vector<Piece> pieces_;
  size_t size_ = 0;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_PAYLOAD_H_
