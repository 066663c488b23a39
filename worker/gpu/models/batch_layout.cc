#include "worker/gpu/models/batch_layout.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "absl/strings/str_format.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kAlignment = 256;

// Numbers of the host, narrowed for the GPU.
template <typename To, typename From>
void CopyAs(absl::Span<const From> from, uint8_t* out) {
  std::transform(from.begin(), from.end(), reinterpret_cast<To*>(out),
                 [](From value) { return static_cast<To>(value); });
}

void CopyFloats(absl::Span<const float> from, uint8_t* out) {
  if (!from.empty()) std::memcpy(out, from.data(), from.size() * sizeof(float));
}

void CopyFeatures(bool keyed, absl::Span<const uint64_t> features, uint8_t* out) {
  keyed ? CopyAs<uint64_t>(features, out) : CopyAs<uint32_t>(features, out);
}

}  // namespace

Batch EntriesOf(const Batch& batch) {
  if (!batch.dense) return batch;
  Batch csr;
  csr.features = batch.features;
  csr.nominal = batch.nominal;
  csr.labels = batch.labels;
  csr.offsets.push_back(0);
  for (uint64_t i = 0; i < batch.size(); ++i) {
    const float* const row = batch.dense_values.data() + i * batch.features;
    for (uint64_t f = 0; f < batch.features; ++f) {
      if (row[f] == 0) continue;
      csr.indices.push_back(f);
      csr.values.push_back(row[f]);
    }
    csr.offsets.push_back(csr.indices.size());
  }
  return csr;
}

FeatureGroups GroupByFeature(const Batch& csr) {
  const uint64_t entries = csr.indices.size();
  std::vector<uint32_t> record_of(entries);
  for (uint64_t i = 0; i < csr.size(); ++i) {
    std::fill(record_of.begin() + csr.offsets[i], record_of.begin() + csr.offsets[i + 1],
              static_cast<uint32_t>(i));
  }
  std::vector<uint32_t> order(entries);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return csr.indices[a] != csr.indices[b] ? csr.indices[a] < csr.indices[b] : a < b;
  });
  FeatureGroups groups;
  groups.records.reserve(entries);
  groups.values.reserve(entries);
  for (const uint32_t entry : order) {
    const uint64_t feature = csr.indices[entry];
    if (groups.features.empty() || groups.features.back() != feature) {
      groups.features.push_back(feature);
      groups.offsets.push_back(static_cast<uint32_t>(groups.records.size()));
    }
    groups.records.push_back(record_of[entry]);
    groups.values.push_back(csr.values[entry]);
  }
  groups.offsets.push_back(static_cast<uint32_t>(entries));
  return groups;
}

absl::StatusOr<PackedBatch> PackedBatch::Create(const Batch& batch, const BatchForm& form) {
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  PackedBatch packed;
  packed.batch_ = &batch;
  if (batch.dense && form.entries_only) {
    packed.converted_ = true;
    packed.entries_ = EntriesOf(batch);
  }
  const Batch& csr = packed.csr();
  if (csr.indices.size() >= kMost || csr.size() >= kMost) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch: fewer than 2^32 records and entries expected on a GPU, got %d, %d",
                        csr.size(), csr.indices.size()));
  }
  if (!form.keyed && batch.features > kMost) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "batch: a dense table of fewer than 2^32 rows expected on a GPU, got %d", batch.features));
  }
  if (!csr.dense && form.grouped) packed.groups_ = GroupByFeature(csr);
  packed.LayOut(form);
  return packed;
}

void PackedBatch::LayOut(const BatchForm& form) {
  const Batch& csr = this->csr();
  BatchLayout& layout = layout_;
  layout.dense = csr.dense;
  layout.keyed = form.keyed;
  layout.grouped = form.grouped && !csr.dense;
  layout.n = csr.size();
  layout.entries = csr.indices.size();
  layout.groups = groups_.features.size();
  const auto add = [&](uint64_t count, uint64_t size) {
    const uint64_t at = layout.bytes;
    layout.bytes = (at + count * size + kAlignment - 1) / kAlignment * kAlignment;
    return at;
  };
  const uint64_t feature_bytes = form.keyed ? sizeof(uint64_t) : sizeof(uint32_t);
  layout.labels = add(layout.n, sizeof(float));
  layout.values = add(csr.dense ? csr.dense_values.size() : layout.entries, sizeof(float));
  if (csr.dense) return;
  layout.offsets = add(layout.n + 1, sizeof(uint32_t));
  layout.features = add(layout.entries, feature_bytes);
  if (!form.grouped) return;
  layout.group_features = add(layout.groups, feature_bytes);
  layout.group_offsets = add(layout.groups + 1, sizeof(uint32_t));
  layout.group_records = add(layout.entries, sizeof(uint32_t));
  layout.group_values = add(layout.entries, sizeof(float));
}

void PackedBatch::CopyTo(uint8_t* out) const {
  const Batch& csr = this->csr();
  CopyFloats(csr.labels, out + layout_.labels);
  CopyFloats(csr.dense ? csr.dense_values : csr.values, out + layout_.values);
  if (csr.dense) return;
  // A batch without records may come without offsets.
  auto* const offsets = reinterpret_cast<uint32_t*>(out + layout_.offsets);
  offsets[0] = 0;
  for (uint64_t i = 0; i < layout_.n; ++i) {
    offsets[i + 1] = static_cast<uint32_t>(csr.offsets[i + 1]);
  }
  CopyFeatures(layout_.keyed, csr.indices, out + layout_.features);
  if (!layout_.grouped) return;
  CopyFeatures(layout_.keyed, groups_.features, out + layout_.group_features);
  CopyAs<uint32_t, uint32_t>(groups_.offsets, out + layout_.group_offsets);
  CopyAs<uint32_t, uint32_t>(groups_.records, out + layout_.group_records);
  CopyFloats(groups_.values, out + layout_.group_values);
}

}  // namespace paceline::worker
