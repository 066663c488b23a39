#include "common/rpc/byte_buffer.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

// The wire types of protobuf's encoding.
enum WireType { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

void AppendVarint(std::string* out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("malformed message: ", what));
}

// Walks over slices as over one string.
class SliceCursor {
 public:
  explicit SliceCursor(const std::vector<grpc::Slice>& slices) : slices_(slices) {
    for (const grpc::Slice& slice : slices_) left_ += slice.size();
  }

  std::uint64_t left() const { return left_; }

  // Copies the bytes it steps over to the end of `copy`.
  absl::StatusOr<std::uint64_t> Varint(std::string* copy) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (left_ == 0) return Malformed("it ends inside a number");
      SkipSpentSlices();
      const std::uint8_t byte = slices_[slice_].begin()[offset_];
      ++offset_;
      --left_;
      copy->push_back(static_cast<char>(byte));
      // Bits beyond the 64th are dropped, as protobuf does.
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    return Malformed("a number of more than ten bytes");
  }

  // Calls visit(piece) for each piece of the next `size` bytes and steps over them.
  template <typename Visit>
  absl::Status Take(std::uint64_t size, Visit visit) {
    if (size > left_) {
      return Malformed(absl::StrCat("a field of ", size, " bytes, ", left_, " are left"));
    }
    left_ -= size;
    while (size > 0) {
      SkipSpentSlices();
      const std::size_t step = std::min<std::uint64_t>(size, slices_[slice_].size() - offset_);
      visit(Payload::Piece{slice_, offset_, step});
      offset_ += step;
      size -= step;
    }
    return absl::OkStatus();
  }

  absl::Status Copy(std::uint64_t size, std::string* out) {
    return Take(size, [&](const Payload::Piece& piece) {
      out->append(reinterpret_cast<const char*>(slices_[piece.slice].begin()) + piece.begin,
                  piece.size);
    });
  }

 private:
  void SkipSpentSlices() {
    while (offset_ == slices_[slice_].size()) {
      ++slice_;
      offset_ = 0;
    }
  }

  const std::vector<grpc::Slice>& slices_;
  std::size_t slice_ = 0;
  std::size_t offset_ = 0;
  std::uint64_t left_ = 0;
};

// Moves one field to `header_bytes`, or notes its place in `pieces` if it is the payload.
absl::Status SortField(SliceCursor* cursor, std::uint64_t payload_tag, std::string* header_bytes,
                       std::vector<Payload::Piece>* pieces) {
  const std::size_t field_begin = header_bytes->size();
  PL_ASSIGN_OR_RETURN(const std::uint64_t tag, cursor->Varint(header_bytes));
  switch (tag & 7) {
    case kVarint:
      return cursor->Varint(header_bytes).status();
    case kFixed64:
      return cursor->Copy(8, header_bytes);
    case kFixed32:
      return cursor->Copy(4, header_bytes);
    case kLengthDelimited: {
      PL_ASSIGN_OR_RETURN(const std::uint64_t size, cursor->Varint(header_bytes));
      if (tag != payload_tag) return cursor->Copy(size, header_bytes);
      header_bytes->resize(field_begin);
      pieces->clear();
      return cursor->Take(size, [&](const Payload::Piece& piece) { pieces->push_back(piece); });
    }
    default:
      return Malformed(absl::StrCat("wire type ", tag & 7));
  }
}

std::uint64_t PayloadTag(int field) {
  return static_cast<std::uint64_t>(field) << 3 | kLengthDelimited;
}

}  // namespace

grpc::ByteBuffer EncodeMessage(const google::protobuf::MessageLite& header, int payload_field,
                               const std::vector<grpc::Slice>& payload) {
  std::uint64_t payload_bytes = 0;
  for (const grpc::Slice& slice : payload) payload_bytes += slice.size();

  std::string head;
  // Fails only beyond 2 GiB or with an unset required field, which proto3 lacks.
  PL_CHECK(header.SerializePartialToString(&head)) << header.GetTypeName();
  std::vector<grpc::Slice> slices;
  if (payload_bytes > 0) {
    AppendVarint(&head, PayloadTag(payload_field));
    AppendVarint(&head, payload_bytes);
    slices.reserve(payload.size() + 1);
  }
  slices.emplace_back(head);
  if (payload_bytes > 0) slices.insert(slices.end(), payload.begin(), payload.end());
  return grpc::ByteBuffer(slices.data(), slices.size());
}

absl::Status DecodeMessage(const grpc::ByteBuffer& buffer, int payload_field,
                           google::protobuf::MessageLite* header, Payload* payload) {
  std::vector<grpc::Slice> slices;
  const grpc::Status dumped = buffer.Dump(&slices);
  if (!dumped.ok()) return Malformed(dumped.error_message());

  std::string header_bytes;
  std::vector<Payload::Piece> pieces;
  SliceCursor cursor(slices);
  while (cursor.left() > 0) {
    PL_RETURN_IF_ERROR(SortField(&cursor, PayloadTag(payload_field), &header_bytes, &pieces));
  }
  if (!header->ParseFromString(header_bytes)) {
    return Malformed(absl::StrCat("not a ", header->GetTypeName()));
  }
  *payload = Payload(std::move(slices), pieces);
  return absl::OkStatus();
}

}  // namespace paceline
