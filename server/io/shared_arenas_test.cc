#include "server/io/shared_arenas.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "common/refusal/refusal.h"
#include "common/shared_memory/memory_socket.h"
#include "common/status/status_matchers.h"
#include "server/io/arena_client.h"

namespace paceline::server {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr uint64_t kBytes = ArenaClient::kBytes;

TEST_CASE("payloads are read and written where the client says") {
  const SharedArenas arenas;
  const ArenaClient client(arenas);
  const ArenaClient other(arenas);
  CHECK(arenas.arenas() == 2);
  CHECK(client.arena != other.arena);
  std::memcpy(client.memory->data() + 100, "gradient", 8);
  REQUIRE_OK_AND_ASSIGN(const Payload payload, arenas.Read(client.Spans(100, 8)));
  CHECK(payload.ToString() == "gradient");

  REQUIRE_OK_AND_ASSIGN(const bool written,
                        arenas.Write(client.Spans(kBytes - 7, 7), Payload::Of("weights")));
  CHECK(written);
  CHECK(std::string(reinterpret_cast<const char*>(client.memory->data()) + kBytes - 7, 7) ==
        "weights");
  REQUIRE_OK_AND_ASSIGN(const bool fits, arenas.Write(client.Spans(0, 6), Payload::Of("weights")));
  CHECK_FALSE(fits);
  CHECK(client.memory->data()[0] == 0);
}

TEST_CASE("a payload of several spans, of several arenas, is one after the other") {
  const SharedArenas arenas;
  const ArenaClient one(arenas);
  const ArenaClient two(arenas);
  SharedArenas::Spans spans = one.Spans(10, 3);
  *spans.Add() = two.Span(0, 2);
  *spans.Add() = one.Span(0, 4);
  REQUIRE_OK_AND_ASSIGN(const bool written, arenas.Write(spans, Payload::Of("123456")));
  CHECK(written);
  REQUIRE_OK_AND_ASSIGN(const Payload payload, arenas.Read(spans));
  // What the payload does not reach is left alone.
  CHECK(payload.ToString() == std::string("123456\0\0\0", 9));
  CHECK(std::string(reinterpret_cast<const char*>(two.memory->data()), 2) == "45");
  REQUIRE_OK_AND_ASSIGN(const bool fits, arenas.Write(spans, Payload::Of("1234567890")));
  CHECK_FALSE(fits);
  *spans.Add() = two.Span(kBytes, 1);
  CHECK(RefusalKindOf(arenas.Read(spans).status()) == v1::Refusal::INVALID);
}

TEST_CASE("what is borrowed is copied before it is kept") {
  const SharedArenas arenas;
  const ArenaClient client(arenas);
  std::memcpy(client.memory->data(), "round", 5);
  REQUIRE_OK_AND_ASSIGN(Payload borrowed, arenas.Read(client.Spans(0, 5)));
  borrowed.Append(Payload::Of("+own"));
  REQUIRE_OK_AND_ASSIGN(const Payload kept, borrowed.Slice(1, 6).Keep());
  std::memcpy(client.memory->data(), "XXXXX", 5);
  CHECK(borrowed.ToString() == "XXXXX+own");
  CHECK(kept.ToString() == "ound+o");
}

TEST_CASE("a span beyond the arena is refused") {
  const SharedArenas arenas;
  const ArenaClient client(arenas);
  for (const SharedArenas::Spans& span :
       {client.Spans(0, kBytes + 1), client.Spans(kBytes, 1), client.Spans(UINT64_MAX, 2),
        client.Spans(1, UINT64_MAX)}) {
    const absl::Status refused = arenas.Read(span).status();
    CHECK(RefusalKindOf(refused) == v1::Refusal::INVALID);
    CHECK(RefusalKindOf(arenas.Write(span, Payload::Of("x")).status()) == v1::Refusal::INVALID);
  }
  CHECK(arenas.Read(client.Spans(kBytes, 0)).ok());
}

TEST_CASE("an arena goes with its client, but not under a call") {
  const SharedArenas arenas;
  std::optional<ArenaClient> client(std::in_place, arenas);
  std::memcpy(client->memory->data(), "held", 4);
  const SharedArenas::Spans span = client->Spans(0, 4);
  REQUIRE_OK_AND_ASSIGN(const Payload payload, arenas.Read(span));
  // Says that it is over, and stays to see the end.
  REQUIRE(shutdown(client->socket.get(), SHUT_WR) == 0);
  // The server closes its end once it has forgotten the arena.
  char byte;
  CHECK(recv(client->socket.get(), &byte, 1, 0) == 0);
  CHECK_STATUS(arenas.Read(span), absl::StatusCode::kUnavailable, "not held here");
  CHECK(RefusalKindOf(arenas.Read(span).status()) == v1::Refusal::KIND_UNSPECIFIED);
  CHECK(arenas.arenas() == 0);
  client.reset();
  CHECK(payload.ToString() == "held");
}

TEST_CASE("a client that sends anything else is let go, the others stay") {
  const SharedArenas arenas;
  const ArenaClient good(arenas);
  SECTION("no descriptor") {
    REQUIRE_OK_AND_ASSIGN(const UniqueFd bad, ConnectForMemory(arenas.socket_name(), kPatience));
    REQUIRE(send(bad.get(), "M", 1, 0) == 1);
    CHECK_STATUS(ReceiveNumber(bad.get()), absl::StatusCode::kUnavailable, "gone");
  }
  SECTION("a second arena") {
    const ArenaClient twice(arenas);
    REQUIRE_OK(SendMemory(twice.socket.get(), *twice.memory));
    CHECK_STATUS(ReceiveNumber(twice.socket.get()), absl::StatusCode::kUnavailable, "");
    CHECK_STATUS(arenas.Read(twice.Spans(0, 1)), absl::StatusCode::kUnavailable, "not held");
  }
  CHECK(arenas.Read(good.Spans(0, 1)).ok());
}

TEST_CASE("an arena of another server's is unknown") {
  const SharedArenas arenas;
  const SharedArenas restarted;
  const ArenaClient client(arenas);
  CHECK(restarted.socket_name() != arenas.socket_name());
  CHECK_STATUS(restarted.Read(client.Spans(0, 1)), absl::StatusCode::kUnavailable, "not held");
}

}  // namespace
}  // namespace paceline::server
