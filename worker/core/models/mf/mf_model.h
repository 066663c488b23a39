// Matrix factorization as a Model: users are the keys of the user tables, items those of
// the item tables.
#ifndef PACELINE_WORKER_CORE_MODELS_MF_MF_MODEL_H_
#define PACELINE_WORKER_CORE_MODELS_MF_MF_MODEL_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Places of the tables in name order, and of the keys in a record.
inline constexpr int kMfBias = 0;
inline constexpr int kMfItem = 1;
inline constexpr int kMfItemBias = 2;
inline constexpr int kMfUser = 3;
inline constexpr int kMfUserBias = 4;
inline constexpr int kMfTables = 5;
inline constexpr uint32_t kMfFields = 2;
inline constexpr uint32_t kMfUserField = 0;
inline constexpr uint32_t kMfItemField = 1;

// The batch has a user and an item for each rating, and they have rows in tables that are
// dense. `tables` as ModelTables made them. Pure.
// Errors:  InvalidArgument  naming the record of the batch and the key, or the sizes that do
//                           not fit.
absl::Status CheckPairs(const std::vector<v1::TableSpec>& tables, const Batch& batch);

// Immutable.
class MfModel final : public Model {
 public:
  // `tables` as ModelTables made them.
  explicit MfModel(std::vector<v1::TableSpec> tables) : tables_(std::move(tables)) {}

  const std::vector<v1::TableSpec>& tables() const override { return tables_; }
  // The distinct users and items of a batch by fields. One that is not has none: it is
  // refused by the runner.
  void Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const override;

 private:
  const std::vector<v1::TableSpec> tables_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_MF_MF_MODEL_H_
