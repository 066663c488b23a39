// Memory that two processes of one host have mapped.
//
//   PL_ASSIGN_OR_RETURN(std::shared_ptr<SharedMemory> mine, SharedMemory::Create(16 << 20));
//   SendMemory(socket, *mine)                             // memory_socket.h
//   PL_ASSIGN_OR_RETURN(std::shared_ptr<SharedMemory> theirs,
//                       SharedMemory::Adopt(std::move(fd), kMost));
//
// It is sealed: nobody can shrink it under the other's hands, and its pages are there
// from the beginning, so that neither process is stopped by a page that is not to be had.
// It lives as long as one of them has it mapped; a peer that dies takes nothing along.
//
// What the other process writes can change at any time: only agreement between the two
// (who may write what until when) makes the bytes stand still.
//
// Immutable but for its bytes.
#ifndef PACELINE_COMMON_SHARED_MEMORY_SHARED_MEMORY_H_
#define PACELINE_COMMON_SHARED_MEMORY_SHARED_MEMORY_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/shared_memory/unique_fd.h"

namespace paceline {

class SharedMemory {
 public:
  // `size` zero bytes; not 0.
  // Errors:  ResourceExhausted  no memory, or no descriptor.
  //          Unimplemented      the kernel has no sealed memory.
  static absl::StatusOr<std::shared_ptr<SharedMemory>> Create(uint64_t size);

  // Memory that another process has created.
  // Errors:  InvalidArgument    it is not sealed as Create does it, empty, or has more
  //                             than `most` bytes.
  //          ResourceExhausted  it cannot be mapped.
  static absl::StatusOr<std::shared_ptr<SharedMemory>> Adopt(UniqueFd fd, uint64_t most);

  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // Aligned to a page.
  uint8_t* data() const { return data_; }
  uint64_t size() const { return size_; }
  // Of who created it; negative: adopted memory keeps none.
  int fd() const { return fd_.get(); }

 private:
  SharedMemory(UniqueFd fd, uint8_t* data, uint64_t size)
      : fd_(std::move(fd)), data_(data), size_(size) {}
  // Keeps `kept`.
  static absl::StatusOr<std::shared_ptr<SharedMemory>> Map(int fd, UniqueFd kept, uint64_t size);

  const UniqueFd fd_;
  uint8_t* const data_;
  const uint64_t size_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_SHARED_MEMORY_SHARED_MEMORY_H_
