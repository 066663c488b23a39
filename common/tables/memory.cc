#include "common/tables/memory.h"

#include "common/tables/slots.h"

namespace paceline {

std::uint64_t ServingCopies(const v1::TableSpec& table, v1::Policy policy, std::uint32_t ranks) {
  return 1 + SlotNames(table.optimizer().kind()).size() + (policy == v1::POLICY_BSP ? 3 : 1) +
         (table.pull_codec() == v1::CODEC_DELTA ? ranks : 0);
}

std::uint64_t ServingBytes(const v1::TableSpec& table, v1::Policy policy, std::uint32_t ranks) {
  if (table.kind() != v1::TABLE_KIND_DENSE) return 0;
  return table.rows() * table.dim() * sizeof(float) * ServingCopies(table, policy, ranks);
}

}  // namespace paceline
