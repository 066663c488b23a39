#include "server/core/delta_bases.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace paceline::server {

std::optional<Piece> DeltaBases::Exchange(uint32_t rank, uint64_t named, uint64_t state,
                                          const Piece& rows) {
  Base& base = held_[rank];
  std::optional<Piece> before;
  if (!base.rows.bytes.empty() && named == base.state + 1) before = base.rows;
  if (base.memory == nullptr) {
    absl::StatusOr<std::shared_ptr<const void>> memory =
        memory_->Hold(rows.bytes.size(), absl::StrCat("what rank ", rank, " holds of a shard"));
    // Then it is sent all rows each time.
    if (!memory.ok()) return before;
    base.memory = *std::move(memory);
  }
  base.state = state;
  base.rows = rows;
  return before;
}

void DeltaBases::Drop(uint32_t rank) { held_[rank] = Base(); }

}  // namespace paceline::server
