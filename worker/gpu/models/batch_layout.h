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

namespace paceline::worker {

// What a model wants of a batch.
struct BatchForm {
  // Entries even of a dense batch: those that are not 0.
  bool entries_only = false;
  // The table indexed by feature is sparse: its rows are looked up by key. Otherwise row i is
  // feature i.
  bool keyed = false;
  // Entries grouped by feature, too: gradients of rows are summed in that order.
  bool grouped = false;
};

// The entries of a batch by feature: group g has entries [offsets[g], offsets[g + 1]), of
// `features[g]`, in the order of records. Features ascend.
struct FeatureGroups {
  std::vector<uint64_t> features;
  std::vector<uint32_t> offsets;
  std::vector<uint32_t> records;
  std::vector<float> values;
};

// Where each array begins, in bytes, aligned to 256; those that the form does not want are
// empty.
//
// dense:    labels [n], values [n, features]
// entries:  labels [n], offsets [n + 1], values [entries], and of each entry its feature
//           (keyed, 8 bytes) or row (4 bytes)
// grouped:  of each group its feature or row, offsets [groups + 1], records and values
//           [entries]
struct BatchLayout {
  bool dense = false;
  bool keyed = false;
  bool grouped = false;
  uint64_t n = 0;
  uint64_t entries = 0;
  uint64_t groups = 0;
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

FeatureGroups GroupByFeature(const Batch& csr);

// A batch that is laid out, before it is copied. The batch outlives it, and has passed
// CheckBatch.
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
  void LayOut(const BatchForm& form);

  const Batch* batch_ = nullptr;
  bool converted_ = false;
  Batch entries_;
  FeatureGroups groups_;
  BatchLayout layout_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_BATCH_LAYOUT_H_
