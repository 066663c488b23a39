// For tests: memory of a client, as a rank's process hands it over.
#ifndef PACELINE_SERVER_IO_ARENA_CLIENT_H_
#define PACELINE_SERVER_IO_ARENA_CLIENT_H_

#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>

#include "common/shared_memory/memory_socket.h"
#include "common/shared_memory/shared_memory.h"
#include "common/status/status_matchers.h"
#include "proto/data.pb.h"
#include "server/io/shared_arenas.h"

namespace paceline::server {

struct ArenaClient {
  static constexpr uint64_t kBytes = 8192;

  explicit ArenaClient(const SharedArenas& arenas) {
    REQUIRE_OK_AND_ASSIGN(socket, ConnectForMemory(arenas.socket_name(), absl::Seconds(10)));
    REQUIRE_OK_AND_ASSIGN(memory, SharedMemory::Create(kBytes));
    REQUIRE_OK(SendMemory(socket.get(), *memory));
    REQUIRE_OK_AND_ASSIGN(arena, ReceiveNumber(socket.get()));
  }

  v1::SharedSpan Span(uint64_t offset, uint64_t size) const {
    v1::SharedSpan span;
    span.set_arena(arena);
    span.set_offset(offset);
    span.set_size(size);
    return span;
  }
  SharedArenas::Spans Spans(uint64_t offset, uint64_t size) const {
    SharedArenas::Spans spans;
    *spans.Add() = Span(offset, size);
    return spans;
  }
  float* Floats(uint64_t offset) const { return reinterpret_cast<float*>(memory->data() + offset); }

  UniqueFd socket;
  std::shared_ptr<SharedMemory> memory;
  uint64_t arena = 0;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_ARENA_CLIENT_H_
