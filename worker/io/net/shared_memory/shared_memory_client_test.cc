#include "worker/io/net/shared_memory/shared_memory_client.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <utility>

#include "common/refusal/refusal.h"
#include "common/shared_memory/memory_socket.h"
#include "common/status/status_matchers.h"
#include "worker/io/net/shared_memory/shared_memory_fixture.h"

namespace paceline::worker {
namespace {

using testing::Fixture;
using testing::Host;

TEST_CASE("a big payload of a push lies in memory, a small one in the message") {
  Host host;
  Fixture f(host.name());
  // Made when the rank opened.
  CHECK(host.arenas() == 1);
  f.Push(std::string(99, 's'));
  CHECK(f.wire.pushes.at(0).frame.header.shared_payload_size() == 0);
  CHECK(f.wire.pushes.at(0).frame.payload_bytes == 99);

  const std::string big = std::string(50, 'a') + std::string(51, 'b');
  f.Push(big);
  const PushFrame& sent = f.wire.pushes.at(1).frame;
  CHECK(sent.payload.empty());
  CHECK(sent.payload_bytes == 0);
  CHECK(sent.header.context().iteration() == 5);
  REQUIRE(sent.header.shared_payload(0).size() == 101);
  CHECK(std::memcmp(host.At(sent.header.shared_payload(0)), big.data(), 101) == 0);
}

TEST_CASE("regions are given out again once the server has answered") {
  Host host;
  Fixture f(host.name());
  for (int i = 0; i < 2; ++i) f.Push(std::string(1024, 'o'));
  CHECK(host.arenas() == 1);
  // The third finds no room: a larger arena takes the place of the first.
  for (int i = 0; i < 4; ++i) f.Push(std::string(1024, 'x'));
  CHECK(host.arenas() == 2);
  CHECK(f.wire.pushes.at(1).frame.header.shared_payload(0).arena() == 1);
  CHECK(f.wire.pushes.at(2).frame.header.shared_payload(0).arena() == 2);
  for (int i = 0; i < 2; ++i) {
    f.wire.pushes.at(0).done(v1::PushResponse());
    f.wire.pushes.pop_front();
  }
  // Full: the fifth goes by message.
  f.Push(std::string(1024, 'y'));
  CHECK(f.wire.pushes.at(4).frame.header.shared_payload_size() == 0);
  // A refusal is an answer.
  const uint64_t offset = f.wire.pushes.at(2).frame.header.shared_payload(0).offset();
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::NOT_YET);
  f.wire.pushes.at(2).done(RefusalStatus(refusal, "wait"));
  f.wire.pushes.at(2).done = nullptr;
  f.Push(std::string(1024, 'z'));
  CHECK(f.wire.pushes.at(5).frame.header.shared_payload(0).offset() == offset);
  // Neighbours that are free make one stretch.
  for (const int i : {0, 1}) {
    f.wire.pushes.at(static_cast<size_t>(i)).done(v1::PushResponse());
    f.wire.pushes.at(static_cast<size_t>(i)).done = nullptr;
  }
  f.Push(std::string(2048, 'w'));
  CHECK(f.wire.pushes.at(6).frame.header.shared_payload(0).size() == 2048);
  CHECK(host.arenas() == 2);
}

TEST_CASE("after a call that failed nothing of its arena is used again") {
  Host host;
  Fixture f(host.name());
  f.Push(std::string(1024, 'x'));
  f.Push(std::string(1024, 'y'));
  f.wire.pushes.at(0).done(absl::DeadlineExceededError("late"));
  CHECK(absl::IsDeadlineExceeded(f.ends.at(0)));
  f.Push(std::string(1024, 'z'));
  CHECK(host.arenas() == 2);
  CHECK(f.wire.pushes.at(2).frame.header.shared_payload(0).arena() == 2);
  // A late failure of a call in the old arena does not harm the new one.
  f.wire.pushes.at(1).done(absl::CancelledError("too"));
  f.Push(std::string(1024, 'u'));
  CHECK(f.wire.pushes.at(3).frame.header.shared_payload(0).arena() == 2);
  // What the first call still reads is as it was.
  CHECK(*host.At(f.wire.pushes.at(0).frame.header.shared_payload(0)) == 'x');
}

TEST_CASE("a reply is read from its space, which is free after that") {
  Host host;
  Fixture f(host.name());
  f.Pull(160, 2000);
  const PullFrame sent = f.wire.pulls.at(0).frame;
  CHECK(sent.payload.empty());
  CHECK(*host.At(sent.header.shared_payload(0)) == 'k');
  REQUIRE(sent.header.reply_space(0).size() == 2000);
  std::memcpy(const_cast<uint8_t*>(host.At(sent.header.reply_space(0))), "row0row1", 8);
  PullReply answer;
  answer.header.set_in_reply_space(8);
  f.wire.pulls.at(0).done(std::move(answer));
  f.wire.pulls.at(0).done = nullptr;
  REQUIRE(f.replies.size() == 1);
  CHECK(f.replies[0].payload->size() == 8);
  // Not free yet: the reply is not read.
  f.Push(std::string(2100, 'p'));
  CHECK(f.wire.pushes.at(0).frame.header.shared_payload_size() == 0);
  char row[4];
  REQUIRE(f.replies[0].payload->Read(row, 4));
  CHECK(std::string(row, 4) == "row0");
  REQUIRE(f.replies[0].payload->Read(row, 4));
  CHECK(std::string(row, 4) == "row1");
  CHECK_FALSE(f.replies[0].payload->Read(row, 1));
  f.replies.clear();
  f.Push(std::string(2100, 'p'));
  CHECK(f.wire.pushes.at(1).frame.header.shared_payload_size() > 0);
}

TEST_CASE("after a pull that failed nothing of its arena is used again") {
  Host host;
  Fixture f(host.name());
  f.Pull(0, 1000);
  f.wire.pulls.at(0).done(absl::CancelledError("gone"));
  f.Pull(0, 1000);
  CHECK(f.wire.pulls.at(1).frame.header.reply_space(0).arena() == 2);
}

TEST_CASE("a reply beyond its space is an error") {
  Host host;
  Fixture f(host.name());
  f.Pull(0, 2000);
  PullReply answer;
  answer.header.set_in_reply_space(2001);
  f.wire.pulls.at(0).done(std::move(answer));
  CHECK_STATUS(f.ends.at(0), absl::StatusCode::kInvalidArgument, "beyond the reply space");
}

TEST_CASE("a server that could not be reached is asked again when the rank opens") {
  const std::string name = NewMemorySocketName();
  Fixture f(name);
  f.Push(std::string(1024, 'x'));
  const Host host(name);
  f.Push(std::string(1024, 'x'));
  f.Open();
  f.Push(std::string(1024, 'x'));
  CHECK(f.wire.pushes.at(0).frame.header.shared_payload_size() == 0);
  CHECK(f.wire.pushes.at(1).frame.header.shared_payload_size() == 0);
  CHECK(f.wire.pushes.at(2).frame.header.shared_payload_size() > 0);
}

TEST_CASE("servers on other hosts get messages") {
  for (const std::string& socket : {std::string(), NewMemorySocketName()}) {
    Fixture f(socket);
    f.Push(std::string(1024, 'x'));
    CHECK(f.wire.pushes.at(0).frame.header.shared_payload_size() == 0);
    CHECK(f.wire.pushes.at(0).frame.payload_bytes == 1024);
  }
}

}  // namespace
}  // namespace paceline::worker
