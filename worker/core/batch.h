// Records of one mini-batch in the form that models compute on.
#ifndef PACELINE_WORKER_CORE_BATCH_H_
#define PACELINE_WORKER_CORE_BATCH_H_

#include <cstdint>
#include <memory>
#include <vector>

namespace paceline::worker {

// A batch holds n = labels.size() records, as CSR, as a dense matrix or by fields.
//
// CSR:    record i has indices[k] and values[k] for k in [offsets[i], offsets[i + 1]),
//         indices ascending and distinct within a record, counted from 0.
// dense:  dense_values is [n, features] row-major float32; offsets, indices and
//         values are empty.
// fields: each record has `fields` keys, one of each field in order, in indices [n, fields];
//         fields have key spaces of their own. dense_values is [n, features], the numbers
//         beside them (features may be 0); offsets and values are empty.
//
// `nominal` counts the positions asked for; n is smaller when bad records were
// skipped. Means are taken over `nominal`, so a skipped record shifts nothing.
//
// `rank` and `iteration` say whose batch it is, for what is a function of them
// alone (counting, the emulated device); evaluation leaves them 0.
//
// `staged` is what a device has made of the batch ahead of time, for itself alone; it is
// dropped when the batch changes.
//
// Thread-compatible.
struct Batch {
  bool dense = false;
  uint32_t fields = 0;
  uint64_t features = 0;
  uint64_t nominal = 0;
  uint32_t rank = 0;
  uint64_t iteration = 0;
  std::vector<float> labels;
  std::vector<uint64_t> offsets;
  std::vector<uint64_t> indices;
  std::vector<float> values;
  std::vector<float> dense_values;
  std::shared_ptr<const void> staged;

  uint64_t size() const { return labels.size(); }
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_BATCH_H_
