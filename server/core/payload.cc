#include "server/core/payload.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace paceline::server {

Payload Payload::Of(std::string bytes) {
  const auto owner = std::make_shared<const std::string>(std::move(bytes));
  Payload payload;
  payload.Append(Piece{.owner = owner,
                       .bytes = absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(owner->data()),
                                                    owner->size())});
  return payload;
}

void Payload::Append(Piece piece) {
  if (piece.bytes.empty()) return;
  size_ += piece.bytes.size();
  pieces_.push_back(std::move(piece));
}

void Payload::Append(const Payload& other) {
  pieces_.insert(pieces_.end(), other.pieces_.begin(), other.pieces_.end());
  size_ += other.size_;
}

Payload Payload::Slice(size_t offset, size_t size) const {
  PL_CHECK_LE(offset, size_);
  PL_CHECK_LE(size, size_ - offset);
  Payload slice;
  for (const Piece& piece : pieces_) {
    if (size == 0) break;
    if (offset >= piece.bytes.size()) {
      offset -= piece.bytes.size();
      continue;
    }
    const size_t n = std::min(size, piece.bytes.size() - offset);
    slice.Append(Piece{
        .owner = piece.owner, .bytes = piece.bytes.subspan(offset, n), .borrowed = piece.borrowed});
    size -= n;
    offset = 0;
  }
  return slice;
}

absl::StatusOr<Payload> Payload::Keep() const {
  Payload kept;
  for (const Piece& piece : pieces_) {
    if (!piece.borrowed) {
      kept.Append(piece);
      continue;
    }
    const std::shared_ptr<uint8_t[]> copy(new (std::nothrow) uint8_t[piece.bytes.size()]);
    if (copy == nullptr) {
      return absl::ResourceExhaustedError(
          absl::StrCat("no memory for ", piece.bytes.size(), " bytes"));
    }
    std::memcpy(copy.get(), piece.bytes.data(), piece.bytes.size());
    kept.Append(Piece{.owner = copy, .bytes = {copy.get(), piece.bytes.size()}});
  }
  return kept;
}

ByteView Payload::View() const {
  ByteView view;
  for (const Piece& piece : pieces_) view.Append(piece.bytes);
  return view;
}

void Payload::CopyTo(void* out) const {
  auto* to = static_cast<uint8_t*>(out);
  for (const Piece& piece : pieces_) {
    std::memcpy(to, piece.bytes.data(), piece.bytes.size());
    to += piece.bytes.size();
  }
}

std::string Payload::ToString() const {
  std::string bytes(size_, '\0');
  CopyTo(bytes.data());
  return bytes;
}

}  // namespace paceline::server
