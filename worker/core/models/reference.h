// The models once more, straight from their formulas in float64, sharing no code
// with the runners: every feature of every record, every pair of an fm.
#ifndef PACELINE_WORKER_CORE_MODELS_REFERENCE_H_
#define PACELINE_WORKER_CORE_MODELS_REFERENCE_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "worker/core/models/cases.h"
#include "worker/core/models/numerical_gradient.h"

namespace paceline::worker::testing {

class Reference {
 public:
  // Keeps copies. The keys are those of `parameters`.
  Reference(const ModelCase& model, const Batch& batch, const Parameters& parameters);

  const Values& values() const { return values_; }

  // Sum of the losses at `values`; [n, width] scores if asked for.
  double Loss(const Values& values, std::vector<double>* scores = nullptr) const;

  // Gradient of Loss by central differences.
  Values NumericalGradient() const;

  // Gradient of Loss by the chain rule; softmax and mlp only.
  Values BackpropGradient() const;

 private:
  // Place of a row in its table; -1 if its key is not there (no record has it).
  int64_t RowOf(int table, uint64_t row) const;
  double At(const Values& values, int table, uint64_t row, uint64_t column) const;
  std::vector<double> Outputs(const Values& values, uint64_t record) const;
  double Interactions(const Values& values, uint64_t record) const;

  const ModelCase model_;
  const std::vector<float> labels_;
  // [n, features]
  std::vector<double> x_;
  std::vector<std::unordered_map<uint64_t, uint64_t>> row_of_;
  std::vector<uint64_t> dims_;
  Values values_;
};

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_CORE_MODELS_REFERENCE_H_
