#include "worker/gpu/models/bound_keys.h"

#include "common/status/status_macros.h"
#include "worker/gpu/ops/lookup_rows.h"

namespace paceline::worker {

absl::Status BoundKeys::Bind(const GpuStep& step, int table, uint64_t count,
                             const DeviceKeyGroups& groups) {
  groups_ = groups;
  if (!step.batch->layout().keyed) {
    bound_ = step.batch->rows();
    bound_groups_ = groups.rows;
    return absl::OkStatus();
  }
  PL_RETURN_IF_ERROR(rows_.Reserve(count * sizeof(uint32_t)));
  PL_RETURN_IF_ERROR(group_rows_.Reserve(groups.count * sizeof(uint32_t)));
  bound_ = rows_.as<uint32_t>();
  bound_groups_ = group_rows_.as<uint32_t>();
  const gpu::StreamHandle stream = step.stream->get();
  const uint64_t key_count = step.tables->row_count(table);
  const uint64_t* const keys = step.tables->keys(table);
  PL_RETURN_IF_ERROR(
      gpu::ToStatus(gpu::LookupRows(count, step.batch->features(), key_count, keys,
                                    rows_.as<uint32_t>(), &step.outcome->first_missing, stream)));
  return gpu::ToStatus(gpu::LookupRows(groups.count, groups.keys, key_count, keys,
                                       group_rows_.as<uint32_t>(),
                                       &step.outcome->first_missing_group, stream));
}

}  // namespace paceline::worker
