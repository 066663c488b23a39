// Bytes that lie in pieces in memory owned by gRPC slices, and a way to read them
// in order without copying them first.
//
//   PayloadReader reader(payload);
//   for (const Block& block : header.blocks()) {
//     PL_ASSIGN_OR_RETURN(const float* rows, reader.Floats(block.rows() * dim, &scratch));
//     Apply(rows);
//   }
//
// Payload: immutable after it was built; movable. PayloadReader: owned by one
// thread, and outlived by its payload.
#ifndef PACELINE_COMMON_RPC_PAYLOAD_H_
#define PACELINE_COMMON_RPC_PAYLOAD_H_

#include <grpcpp/support/slice.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/buffer.h"

namespace paceline {

class Payload {
 public:
  // A part of one of the slices.
  struct Piece {
    std::size_t slice = 0;
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  Payload() = default;
  Payload(std::vector<grpc::Slice> slices, const std::vector<Piece>& pieces);
  // A moved-to payload serves the same memory; short slices hold their bytes in
  // themselves, so a copy could not.
  Payload(Payload&&) = default;
  Payload& operator=(Payload&&) = default;

  std::size_t size() const { return size_; }
  // None is empty.
  const std::vector<absl::string_view>& pieces() const { return pieces_; }

 private:
  std::vector<grpc::Slice> slices_;
  std::vector<absl::string_view> pieces_;
  std::size_t size_ = 0;
};

class PayloadReader {
 public:
  explicit PayloadReader(const Payload& payload);
  // Bytes [offset, offset + size) of it, within its size.
  PayloadReader(const Payload& payload, std::size_t offset, std::size_t size);

  std::size_t left() const { return left_; }

  // Copies the next `size` bytes.
  // Errors: InvalidArgument  fewer are left; nothing is read then.
  absl::Status Read(void* out, std::size_t size);

  // The next `count` float32 values (of the machine's byte order): a pointer into
  // the payload if they lie there in one piece, aligned to 4 bytes, else copied
  // into `scratch`, which grows as needed. Valid until the next use of `scratch`.
  // Errors: InvalidArgument  fewer are left; nothing is read then.
  //         ResourceExhausted  no memory for the copy.
  absl::StatusOr<const float*> Floats(std::size_t count, FloatBuffer* scratch);

 private:
  const std::vector<absl::string_view>* pieces_;
  std::size_t next_ = 0;
  // What is left of the piece before `next_`.
  absl::string_view piece_;
  std::size_t left_;

  void NextPieceIfSpent();
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_PAYLOAD_H_
