// Records in memory, for tests of models that look at their data.
#ifndef PACELINE_WORKER_CORE_MODELS_KMEANS_MEMORY_DATASET_H_
#define PACELINE_WORKER_CORE_MODELS_KMEANS_MEMORY_DATASET_H_

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "worker/core/dataset.h"

namespace paceline::worker::testing {

// Dense points, or the same as entries (CSR, without zeros). Bad records are skipped.
class MemoryDataset final : public Dataset {
 public:
  // `points` is [n, features].
  MemoryDataset(std::vector<float> points, uint64_t features, bool dense = true,
                std::set<uint64_t> bad = {})
      : points_(std::move(points)), features_(features), dense_(dense), bad_(std::move(bad)) {}

  uint64_t records() const override { return points_.size() / features_; }
  uint64_t features() const override { return features_; }
  uint32_t classes() const override { return 0; }
  uint64_t bad_records() const override { return bad_.size(); }

  absl::Status Read(absl::Span<const uint64_t> records, Batch* batch) override {
    *batch = Batch();
    batch->dense = dense_;
    batch->features = features_;
    batch->nominal = records.size();
    if (!dense_) batch->offsets.push_back(0);
    for (const uint64_t record : records) {
      if (record >= this->records()) return absl::OutOfRangeError("no such record");
      if (bad_.count(record) > 0) continue;
      batch->labels.push_back(0);
      for (uint64_t f = 0; f < features_; ++f) {
        const float value = points_[record * features_ + f];
        if (dense_) {
          batch->dense_values.push_back(value);
        } else if (value != 0) {
          batch->indices.push_back(f);
          batch->values.push_back(value);
        }
      }
      if (!dense_) batch->offsets.push_back(batch->indices.size());
    }
    return absl::OkStatus();
  }

 private:
  const std::vector<float> points_;
  const uint64_t features_;
  const bool dense_;
  const std::set<uint64_t> bad_;
};

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_CORE_MODELS_KMEANS_MEMORY_DATASET_H_
