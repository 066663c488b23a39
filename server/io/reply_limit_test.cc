#include "server/io/reply_limit.h"

#include <catch2/catch.hpp>

namespace paceline::server {
namespace {

TEST_CASE("replies have room up to the limit") {
  ReplyLimit limit(10);
  CHECK(limit.Take(6));
  CHECK(limit.Take(4));
  CHECK_FALSE(limit.Take(1));
  CHECK(limit.held() == 10);
  limit.Return(4);
  CHECK(limit.Take(3));
  CHECK_FALSE(limit.Take(2));
}

TEST_CASE("a single reply always has room") {
  ReplyLimit limit(10);
  CHECK(limit.Take(100));
  CHECK_FALSE(limit.Take(1));
  limit.Return(100);
  CHECK(limit.held() == 0);
  CHECK(limit.Take(1));
}

}  // namespace
}  // namespace paceline::server
