#include "server/core/delta_bases.h"

#include <catch2/catch.hpp>
#include <string>

namespace paceline::server {
namespace {

Piece Rows(const std::string& bytes) { return Payload::Of(bytes).pieces()[0]; }

bool Same(const std::optional<Piece>& got, const Piece& want) {
  return got.has_value() && got->bytes.data() == want.bytes.data();
}

TEST_CASE("a rank gets what it was sent last, if it names that") {
  MemoryBudget memory(0, "--memory-limit");
  DeltaBases bases(2, &memory);
  const Piece one = Rows("aaaa");
  const Piece two = Rows("bbbb");
  CHECK_FALSE(bases.Exchange(0, 0, 5, one).has_value());
  // Another rank has its own.
  CHECK_FALSE(bases.Exchange(1, 6, 5, one).has_value());
  CHECK(Same(bases.Exchange(0, 6, 7, two), one));
  // The answer was lost: the one before is gone.
  CHECK_FALSE(bases.Exchange(0, 6, 7, two).has_value());
  CHECK(Same(bases.Exchange(0, 8, 7, two), two));
  bases.Drop(0);
  CHECK_FALSE(bases.Exchange(0, 8, 8, one).has_value());
  CHECK(Same(bases.Exchange(1, 6, 8, two), one));
}

TEST_CASE("the state before the first step has a name too") {
  MemoryBudget memory(0, "--memory-limit");
  DeltaBases bases(1, &memory);
  const Piece rows = Rows("aaaa");
  CHECK_FALSE(bases.Exchange(0, 0, 0, rows).has_value());
  CHECK_FALSE(bases.Exchange(0, 0, 0, rows).has_value());
  CHECK(Same(bases.Exchange(0, 1, 0, rows), rows));
}

TEST_CASE("each base counts in the budget until it is dropped; without room there is none") {
  MemoryBudget memory(10, "--memory-limit");
  {
    DeltaBases bases(3, &memory);
    const Piece rows = Rows("aaaa");
    bases.Exchange(0, 0, 0, rows);
    bases.Exchange(0, 1, 1, rows);
    CHECK(memory.used() == 4);
    bases.Exchange(1, 0, 0, rows);
    CHECK(memory.used() == 8);
    bases.Exchange(2, 0, 0, rows);
    CHECK(memory.used() == 8);
    CHECK_FALSE(bases.Exchange(2, 1, 0, rows).has_value());
    bases.Drop(0);
    CHECK(memory.used() == 4);
    CHECK_FALSE(bases.Exchange(2, 1, 0, rows).has_value());
    CHECK(Same(bases.Exchange(2, 1, 0, rows), rows));
  }
  CHECK(memory.used() == 0);
}

}  // namespace
}  // namespace paceline::server
