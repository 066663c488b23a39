#include "worker/io/net/shared_memory/handed_memory.h"

#include "absl/time/time.h"
#include "common/shared_memory/memory_socket.h"
#include "common/status/status_macros.h"

namespace paceline::worker {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);

}  // namespace

absl::StatusOr<HandedMemory> HandedMemory::HandOver(const std::string& socket,
                                                    const SharedMemory& memory) {
  PL_ASSIGN_OR_RETURN(UniqueFd connection, ConnectForMemory(socket, kPatience));
  PL_RETURN_IF_ERROR(SendMemory(connection.get(), memory));
  PL_ASSIGN_OR_RETURN(const uint64_t number, ReceiveNumber(connection.get()));
  return HandedMemory(std::move(connection), number);
}

v1::SharedSpan HandedMemory::Span(uint64_t offset, uint64_t size) const {
  v1::SharedSpan span;
  span.set_arena(number_);
  span.set_offset(offset);
  span.set_size(size);
  return span;
}

}  // namespace paceline::worker
