// How a batch lies in one piece of memory, so that it reaches a GPU by one copy.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_GPU_MODELS_BATCH_LAYOUT_H_
#define PACELINE_WORKER_GPU_MODELS_BATCH_LAYOUT_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/core/batch.h"
#include "worker/gpu/models/key_groups.h"

namespace paceline::worker {

// Of batches by fields that share tables by key: the keys of a record, and how many of them,
// the first ones, are embedded. Without fields: other batches.
struct KeyForm {
  uint32_t fields = 0;
  uint32_t embedded = 0;
};

// What a model wants of a batch.
struct BatchForm {
  KeyForm keys = {};
  // Entries even of a dense batch: those that are not 0.
  bool entries_only = false;
  // The table indexed by feature is sparse: its rows are looked up by key. Otherwise row i is
  // feature i.
  bool keyed = false;
  // Entries grouped by feature, too: gradients of rows are summed in that order.
  bool grouped = false;
  // Of batches by fields, how many: each is a column of entries. 0: batches are not by fields.
  uint32_t fields = 0;
};

// The entries of a batch by feature: group g has entries [offsets[g], offsets[g + 1]), of
// `features[g]`, in the order of records. Features ascend; of a batch by fields, those of
// each field.
struct FeatureGroups {
  std::vector<uint64_t> features;
  // Field f has the groups from fields[f] to fields[f + 1]. Without fields: all are one.
  std::vector<uint64_t> fields;
  std::vector<uint32_t> offsets;
  std::vector<uint32_t> records;
  std::vector<float> values;
};

// Where the arrays of KeyGroups begin, in bytes.
struct KeyGroupsLayout {
  uint64_t count = 0;
  uint64_t keys = 0;
  uint64_t offsets = 0;
  uint64_t places = 0;
};

// Where each array begins, in bytes, aligned to 256; those that the form does not want are
// empty.
//
// dense:    labels [n], values [n, features]
// entries:  labels [n], offsets [n + 1], values [entries], and of each entry its feature
//           (keyed, 8 bytes) or row (4 bytes)
// fields:   as entries of value 1, field by field: entry f * n + i is the key of field f of
//           record i. offsets [n + 1] are those within a field
// grouped:  of each group its feature or row, offsets [groups + 1], records and values
//           [entries]
// keys:     labels [n], values [n, features], `features`: KeysInBlocks, the embedded ones first;
//           grouped: the groups of the embedded fields and those of all, the same if all are
//           embedded
struct BatchLayout {
  KeyForm keys;
  KeyGroupsLayout embedded_groups;
  KeyGroupsLayout all_groups;
  bool dense = false;
  bool keyed = false;
  bool grouped = false;
  uint64_t n = 0;
  uint64_t entries = 0;
  uint64_t groups = 0;
  // As FeatureGroups has it; empty if the batch is not grouped.
  std::vector<uint64_t> field_groups;
  uint64_t labels = 0;
  uint64_t values = 0;
  uint64_t offsets = 0;
  uint64_t features = 0;
  uint64_t group_features = 0;
  uint64_t group_offsets = 0;
  uint64_t group_records = 0;
  uint64_t group_values = 0;
  uint64_t bytes = 0;
};

// The batch's entries as CSR: itself, or, if it is dense, those that are not 0.
Batch EntriesOf(const Batch& batch);

// A batch by fields as BatchLayout has its entries; numbers beside the fields are left out.
Batch ColumnsOf(const Batch& batch);

// `fields` as in BatchForm; if it is not 0, `csr` is what ColumnsOf made.
FeatureGroups GroupByFeature(const Batch& csr, uint32_t fields = 0);

// A batch that is laid out, before it is copied. The batch outlives it, and has passed
// GpuModel::CheckForm.
class PackedBatch {
 public:
  // Errors:  InvalidArgument  2^32 entries or more, or rows beyond that of a dense table.
  static absl::StatusOr<PackedBatch> Create(const Batch& batch, const BatchForm& form);

  const BatchLayout& layout() const { return layout_; }
  // Writes layout().bytes bytes.
  void CopyTo(uint8_t* out) const;

 private:
  PackedBatch() = default;
  const Batch& csr() const { return converted_ ? entries_ : *batch_; }
  static absl::StatusOr<PackedBatch> OfKeys(const Batch& batch, const BatchForm& form);
  void LayOut(const BatchForm& form);
  void LayOutKeys();
  void CopyKeysTo(uint8_t* out) const;
  void CopyGroupsTo(const KeyGroups& groups, const KeyGroupsLayout& at, uint8_t* out) const;
  uint64_t feature_bytes() const { return layout_.keyed ? sizeof(uint64_t) : sizeof(uint32_t); }
  // Room for an array; returns where it begins.
  uint64_t Add(uint64_t count, uint64_t size);

  const Batch* batch_ = nullptr;
  bool converted_ = false;
  Batch entries_;
  FeatureGroups groups_;
  std::vector<uint64_t> keys_;
  KeyGroups embedded_groups_;
  KeyGroups all_groups_;
  BatchLayout layout_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_BATCH_LAYOUT_H_
