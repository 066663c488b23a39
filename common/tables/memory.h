// How much memory a server takes for tables.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_TABLES_MEMORY_H_
#define PACELINE_COMMON_TABLES_MEMORY_H_

#include <cstdint>

#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline {

// Copies of a dense row that a server holds at most while it trains: the row and its
// optimizer slots; under BSP also the row of the round before, the one being written
// and the round's sum, otherwise one that is copied while a reader holds it; where pulls
// are by delta also the row that each of `ranks` ranks saw last. Replies on their way and
// cuts take more for a while.
std::uint64_t ServingCopies(const v1::TableSpec& table, v1::Policy policy, std::uint32_t ranks);

// Bytes of the whole table, over all servers. 0 for a sparse one, whose rows are
// created as they are used.
std::uint64_t ServingBytes(const v1::TableSpec& table, v1::Policy policy, std::uint32_t ranks);

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_MEMORY_H_
