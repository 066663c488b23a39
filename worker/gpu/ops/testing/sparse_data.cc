#include "worker/gpu/ops/testing/sparse_data.h"

#include <map>
#include <utility>
#include <vector>

namespace paceline::gpu::testing {

reference::Records DrawRecords(Trial& trial, const SparseShape& shape) {
  reference::Records records;
  records.offsets.push_back(0);
  for (uint64_t i = 0; i < shape.n; ++i) {
    const uint64_t entries = trial.Below(2 * shape.entries + 1) + (shape.hot ? 1 : 0);
    for (uint64_t e = 0; e < entries; ++e) {
      const bool hot = shape.hot && e == 0;
      records.rows.push_back(hot ? 0 : static_cast<uint32_t>(trial.Below(shape.row_count)));
    }
    records.offsets.push_back(static_cast<uint32_t>(records.rows.size()));
  }
  records.values = trial.Summands(records.rows.size(), shape.terms());
  return records;
}

reference::Segments SegmentsOf(const reference::Records& records) {
  std::map<uint32_t, std::vector<std::pair<uint32_t, float>>> by_row;
  for (uint64_t i = 0; i < records.size(); ++i) {
    for (uint64_t e = records.offsets[i]; e < records.offsets[i + 1]; ++e) {
      by_row[records.rows[e]].push_back({static_cast<uint32_t>(i), records.values[e]});
    }
  }
  reference::Segments segments;
  segments.offsets.push_back(0);
  for (const auto& [row, entries] : by_row) {
    segments.rows.push_back(row);
    for (const auto& [record, value] : entries) {
      segments.records.push_back(record);
      segments.values.push_back(value);
    }
    segments.offsets.push_back(static_cast<uint32_t>(segments.records.size()));
  }
  return segments;
}

}  // namespace paceline::gpu::testing
