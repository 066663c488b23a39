#include "worker/gpu/models/batch_layout.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "absl/strings/str_format.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kAlignment = 256;
constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();

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

Batch ColumnsOf(const Batch& batch) {
  const uint64_t n = batch.size();
  Batch columns;
  columns.features = batch.features;
  columns.nominal = batch.nominal;
  columns.labels = batch.labels;
  columns.offsets.resize(n + 1);
  std::iota(columns.offsets.begin(), columns.offsets.end(), 0);
  columns.indices.reserve(batch.indices.size());
  for (uint32_t field = 0; field < batch.fields; ++field) {
    for (uint64_t i = 0; i < n; ++i) {
      columns.indices.push_back(batch.indices[i * batch.fields + field]);
    }
  }
  columns.values.assign(columns.indices.size(), 1.0f);
  return columns;
}

FeatureGroups GroupByFeature(const Batch& csr, uint32_t fields) {
  const uint64_t entries = csr.indices.size();
  // Each field has an entry of each record.
  const uint64_t columns = std::max<uint64_t>(fields, 1);
  const uint64_t column = entries / columns;
  std::vector<uint32_t> record_of(entries);
  for (uint64_t i = 0; fields == 0 && i < csr.size(); ++i) {
    std::fill(record_of.begin() + csr.offsets[i], record_of.begin() + csr.offsets[i + 1],
              static_cast<uint32_t>(i));
  }
  for (uint64_t e = 0; fields != 0 && e < entries; ++e) {
    record_of[e] = static_cast<uint32_t>(e % column);
  }
  std::vector<uint32_t> order(entries);
  std::iota(order.begin(), order.end(), 0);
  FeatureGroups groups;
  groups.records.reserve(entries);
  groups.values.reserve(entries);
  for (uint64_t field = 0; field < columns; ++field) {
    const auto begin = order.begin() + field * column;
    std::sort(begin, begin + column, [&](uint32_t a, uint32_t b) {
      return csr.indices[a] != csr.indices[b] ? csr.indices[a] < csr.indices[b] : a < b;
    });
    groups.fields.push_back(groups.features.size());
    for (auto entry = begin; entry != begin + column; ++entry) {
      const uint64_t feature = csr.indices[*entry];
      if (entry == begin || groups.features.back() != feature) {
        groups.features.push_back(feature);
        groups.offsets.push_back(static_cast<uint32_t>(groups.records.size()));
      }
      groups.records.push_back(record_of[*entry]);
      groups.values.push_back(csr.values[*entry]);
    }
  }
  groups.fields.push_back(groups.features.size());
  groups.offsets.push_back(static_cast<uint32_t>(entries));
  return groups;
}

absl::StatusOr<PackedBatch> PackedBatch::Create(const Batch& batch, const BatchForm& form) {
  if (form.keys.fields > 0) return OfKeys(batch, form);
  PackedBatch packed;
  packed.batch_ = &batch;
  if (batch.dense && form.entries_only) {
    packed.converted_ = true;
    packed.entries_ = EntriesOf(batch);
  }
  if (form.fields > 0) {
    packed.converted_ = true;
    packed.entries_ = ColumnsOf(batch);
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
  if (!csr.dense && form.grouped) packed.groups_ = GroupByFeature(csr, form.fields);
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
  layout.field_groups = groups_.fields;
  layout.labels = Add(layout.n, sizeof(float));
  layout.values = Add(csr.dense ? csr.dense_values.size() : layout.entries, sizeof(float));
  if (csr.dense) return;
  layout.offsets = Add(layout.n + 1, sizeof(uint32_t));
  layout.features = Add(layout.entries, feature_bytes());
  if (!form.grouped) return;
  layout.group_features = Add(layout.groups, feature_bytes());
  layout.group_offsets = Add(layout.groups + 1, sizeof(uint32_t));
  layout.group_records = Add(layout.entries, sizeof(uint32_t));
  layout.group_values = Add(layout.entries, sizeof(float));
}

void PackedBatch::CopyTo(uint8_t* out) const {
  if (layout_.keys.fields > 0) return CopyKeysTo(out);
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

uint64_t PackedBatch::Add(uint64_t count, uint64_t size) {
  const uint64_t at = layout_.bytes;
  layout_.bytes = (at + count * size + kAlignment - 1) / kAlignment * kAlignment;
  return at;
}

absl::StatusOr<PackedBatch> PackedBatch::OfKeys(const Batch& batch, const BatchForm& form) {
  if (batch.size() * form.keys.fields >= kMost) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "batch: fewer than 2^32 keys expected on a GPU, got %d", batch.size() * form.keys.fields));
  }
  for (const uint64_t key : batch.indices) {
    if (form.keyed || key <= kMost) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "batch: a dense table of fewer than 2^32 rows expected on a GPU, got key %d", key));
  }
  PackedBatch packed;
  packed.batch_ = &batch;
  packed.layout_.keys = form.keys;
  packed.layout_.keyed = form.keyed;
  packed.layout_.grouped = form.grouped;
  packed.keys_ = KeysInBlocks(batch, form.keys.embedded);
  if (form.grouped) {
    packed.embedded_groups_ = GroupByKey(batch, form.keys.embedded);
    if (form.keys.embedded < form.keys.fields) {
      packed.all_groups_ = GroupByKey(batch, form.keys.fields);
    }
  }
  packed.LayOutKeys();
  return packed;
}

void PackedBatch::LayOutKeys() {
  BatchLayout& layout = layout_;
  layout.n = batch_->size();
  layout.entries = keys_.size();
  layout.labels = Add(layout.n, sizeof(float));
  layout.values = Add(batch_->dense_values.size(), sizeof(float));
  layout.features = Add(layout.entries, feature_bytes());
  const auto add_groups = [&](const KeyGroups& groups) {
    KeyGroupsLayout at;
    at.count = groups.keys.size();
    at.keys = Add(at.count, feature_bytes());
    at.offsets = Add(groups.offsets.size(), sizeof(uint32_t));
    at.places = Add(groups.places.size(), sizeof(uint32_t));
    return at;
  };
  layout.embedded_groups = add_groups(embedded_groups_);
  const bool all_embedded = layout.keys.embedded == layout.keys.fields;
  layout.all_groups = all_embedded ? layout.embedded_groups : add_groups(all_groups_);
}

void PackedBatch::CopyKeysTo(uint8_t* out) const {
  CopyFloats(batch_->labels, out + layout_.labels);
  CopyFloats(batch_->dense_values, out + layout_.values);
  CopyFeatures(layout_.keyed, keys_, out + layout_.features);
  CopyGroupsTo(embedded_groups_, layout_.embedded_groups, out);
  if (layout_.keys.embedded < layout_.keys.fields) {
    CopyGroupsTo(all_groups_, layout_.all_groups, out);
  }
}

void PackedBatch::CopyGroupsTo(const KeyGroups& groups, const KeyGroupsLayout& at,
                               uint8_t* out) const {
  CopyFeatures(layout_.keyed, groups.keys, out + at.keys);
  CopyAs<uint32_t, uint32_t>(groups.offsets, out + at.offsets);
  CopyAs<uint32_t, uint32_t>(groups.places, out + at.places);
}

}  // namespace paceline::worker
