// Reads of what has changed since a rank's last read.
#include "common/status/status_macros.h"
#include "server/core/shard.h"

namespace paceline::server {

absl::StatusOr<Shard::DeltaRows> Shard::ReadForDelta(uint32_t rank, uint64_t t, uint64_t base) {
  MutexLock lock(&mu_);
  DeltaRows read;
  PL_ASSIGN_OR_RETURN(read.rows, ReadLocked(rank, t, {}));
  // BSP reads the state between two rounds, perhaps that of the round before.
  read.state = options_.policy.rounds ? read.rows.version : steps_;
  read.base = delta_bases_.Exchange(rank, base, read.state, read.rows.bytes);
  return read;
}

}  // namespace paceline::server
