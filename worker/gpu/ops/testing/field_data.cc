#include "worker/gpu/ops/testing/field_data.h"

#include <numeric>

#include "worker/gpu/ops/testing/sparse_data.h"

namespace paceline::gpu::testing {

std::string FieldCase::Text() const {
  return std::to_string(n) + " records of " + std::to_string(fields) + " x " + std::to_string(k) +
         " + " + std::to_string(numbers) + " in " + std::to_string(row_count) +
         (shift > 0 ? ", shifted" : "");
}

reference::Fields DrawFields(Trial& trial, const FieldCase& c) {
  reference::Fields fields{c.n, c.fields, {}};
  for (uint64_t i = 0; i < c.n * c.fields; ++i) {
    fields.rows.push_back(static_cast<uint32_t>(trial.Below(c.row_count)));
  }
  return fields;
}

reference::Segments PlacesByRow(const reference::Fields& fields) {
  reference::Records places;
  places.rows = fields.rows;
  places.offsets.resize(fields.rows.size() + 1);
  std::iota(places.offsets.begin(), places.offsets.end(), 0);
  places.values.resize(fields.rows.size());
  return SegmentsOf(places);
}

}  // namespace paceline::gpu::testing
