// Click models once more, straight from their formulas in float64, sharing no code with the
// runner: one record after the other, every pair of fields, every entry of every matrix.
#ifndef PACELINE_WORKER_CORE_MODELS_CTR_CTR_REFERENCE_H_
#define PACELINE_WORKER_CORE_MODELS_CTR_CTR_REFERENCE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto/job.pb.h"
#include "worker/core/model.h"
#include "worker/core/models/numerical_gradient.h"

namespace paceline::worker::testing {

class CtrReference {
 public:
  // `embedded`: how many fields have vectors, of `factors` values. Keeps copies; the keys are
  // those of `parameters`.
  CtrReference(const v1::ModelSpec& model, uint32_t embedded,
               const std::vector<v1::TableSpec>& tables, const Batch& batch,
               const Parameters& parameters);

  const Values& values() const { return values_; }

  // Probability of a click of each record.
  std::vector<double> Scores(const Values& values) const;
  // Sum of the losses.
  double Loss(const Values& values) const;
  // Of Loss, by central differences.
  Values NumericalGradient() const;

 private:
  using Row = std::vector<double>;

  // Entry of a table by its name, and by key where it has keys.
  double At(const Values& values, const std::string& table, uint64_t row, uint64_t column) const;
  bool Has(const std::string& table) const { return table_of_.contains(table); }
  Row Layer(const Values& values, const std::string& name, const Row& in) const;
  double Output(const Values& values, uint64_t record) const;

  const v1::ModelSpec model_;
  const uint32_t embedded_;
  const Batch batch_;
  std::map<std::string, size_t> table_of_;
  std::vector<uint64_t> dims_;
  std::vector<std::map<uint64_t, uint64_t>> row_of_;
  Values values_;
};

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_CORE_MODELS_CTR_CTR_REFERENCE_H_
