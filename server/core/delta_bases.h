// The rows of a dense shard that each rank was sent last as a delta's base.
//
// A state of the rows is named by a number that no other state of the same timeline has:
// the optimizer steps that are in it. A rank that names the state it holds gets what has
// changed since; the server can tell only while it still holds those rows, which are
// blocks that nobody writes, shared with replies and often with other ranks. Each rank's
// base counts in full in the memory budget; one that has no room is not kept.
//
// Thread-compatible: the shard's lock guards it. What Exchange gives is usable without.
#ifndef PACELINE_SERVER_CORE_DELTA_BASES_H_
#define PACELINE_SERVER_CORE_DELTA_BASES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "server/core/payload.h"
#include "server/core/rows/memory_budget.h"

namespace paceline::server {

class DeltaBases {
 public:
  // `memory` outlives it.
  DeltaBases(uint32_t ranks, MemoryBudget* memory) : held_(ranks), memory_(memory) {}

  // The rank is being sent `rows`, which are `state`: they become its base. Returns the
  // base before, if it is what the rank names (PullBlock.base: the state plus one).
  std::optional<Piece> Exchange(uint32_t rank, uint64_t named, uint64_t state, const Piece& rows);

  // The rank has none from now on.
  void Drop(uint32_t rank);

 private:
  struct Base {
    uint64_t state = 0;
    // Without bytes: none.
    Piece rows;
    std::shared_ptr<const void> memory;
  };

  std::vector<Base> held_;
  MemoryBudget* const memory_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_DELTA_BASES_H_
