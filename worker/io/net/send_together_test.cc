#include "worker/io/net/send_together.h"

#include <catch2/catch.hpp>
#include <memory>
#include <thread>

namespace paceline::worker {
namespace {

struct Counter final : Sender {
  void Send() override { ++sent; }
  int sent = 0;
};

TEST_CASE("outside of a scope everything is sent at once") {
  const auto one = std::make_shared<Counter>();
  SendTogether::Schedule(one);
  SendTogether::Schedule(one);
  CHECK(one->sent == 2);
}

TEST_CASE("within scopes it is sent once, when the outermost ends") {
  const auto one = std::make_shared<Counter>();
  const auto other = std::make_shared<Counter>();
  {
    const SendTogether outer;
    {
      const SendTogether inner;
      SendTogether::Schedule(one);
      SendTogether::Schedule(other);
      SendTogether::Schedule(one);
    }
    CHECK(one->sent == 0);
    // Other threads have scopes of their own.
    std::thread([&] { SendTogether::Schedule(other); }).join();
    CHECK(other->sent == 1);
  }
  CHECK(one->sent == 1);
  CHECK(other->sent == 2);
  SendTogether::Schedule(one);
  CHECK(one->sent == 2);
}

}  // namespace
}  // namespace paceline::worker
