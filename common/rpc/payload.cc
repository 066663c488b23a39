#include "common/rpc/payload.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"

namespace paceline {

Payload::Payload(std::vector<grpc::Slice> slices, const std::vector<Piece>& pieces)
    : slices_(std::move(slices)) {
  for (const Piece& piece : pieces) {
    if (piece.size == 0) continue;
    PL_CHECK_LT(piece.slice, slices_.size());
    const grpc::Slice& slice = slices_[piece.slice];
    PL_CHECK_LE(piece.begin, slice.size());
    PL_CHECK_LE(piece.size, slice.size() - piece.begin);
    pieces_.emplace_back(reinterpret_cast<const char*>(slice.begin()) + piece.begin, piece.size);
    size_ += piece.size;
  }
}

PayloadReader::PayloadReader(const Payload& payload) : PayloadReader(payload, 0, payload.size()) {}

PayloadReader::PayloadReader(const Payload& payload, std::size_t offset, std::size_t size)
    : pieces_(&payload.pieces()), left_(size) {
  PL_CHECK_LE(offset, payload.size());
  PL_CHECK_LE(size, payload.size() - offset);
  while (offset > 0) {
    NextPieceIfSpent();
    const std::size_t step = std::min(offset, piece_.size());
    piece_.remove_prefix(step);
    offset -= step;
  }
}

void PayloadReader::NextPieceIfSpent() {
  if (piece_.empty() && next_ < pieces_->size()) piece_ = (*pieces_)[next_++];
}

absl::Status PayloadReader::Read(void* out, std::size_t size) {
  if (size > left_) {
    return absl::InvalidArgumentError(
        absl::StrCat("payload: ", size, " more bytes expected, got ", left_));
  }
  char* to = static_cast<char*>(out);
  left_ -= size;
  while (size > 0) {
    NextPieceIfSpent();
    const std::size_t step = std::min(size, piece_.size());
    std::memcpy(to, piece_.data(), step);
    piece_.remove_prefix(step);
    to += step;
    size -= step;
  }
  return absl::OkStatus();
}

absl::StatusOr<const float*> PayloadReader::Floats(std::size_t count, FloatBuffer* scratch) {
  if (count > left_ / sizeof(float)) {
    return absl::InvalidArgumentError(
        absl::StrCat("payload: ", count, " more floats expected, got ", left_, " bytes"));
  }
  const std::size_t bytes = count * sizeof(float);
  NextPieceIfSpent();
  if (bytes <= piece_.size() &&
      reinterpret_cast<std::uintptr_t>(piece_.data()) % alignof(float) == 0) {
    const float* const values = reinterpret_cast<const float*>(piece_.data());
    piece_.remove_prefix(bytes);
    left_ -= bytes;
    return values;
  }
  if (scratch->size() < count) {
    PL_ASSIGN_OR_RETURN(*scratch, FloatBuffer::Create(count));
  }
  PL_RETURN_IF_ERROR(Read(scratch->data(), bytes));
  return scratch->data();
}

}  // namespace paceline
