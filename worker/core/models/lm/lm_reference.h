// The language model once more, straight from its formulas in float64, sharing no code with
// the runner: every position looks at every one before it by plain loops.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_LM_REFERENCE_H_
#define PACELINE_WORKER_CORE_MODELS_LM_LM_REFERENCE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "worker/core/models/lm/lm_shape.h"

namespace paceline::worker::testing {

class LmReference {
 public:
  // Rows of each table.
  using Values = std::vector<std::vector<double>>;
  // What column `column` of the result of half a block is multiplied by, at position `row`
  // of the batch; site is 2 * layer for attention, one more for feed-forward.
  using Mask = std::function<double(uint64_t site, uint64_t row, uint64_t column)>;

  explicit LmReference(const LmShape& shape) : shape_(shape) {}

  // Probabilities [length, 256] of the byte behind each position of a window.
  std::vector<double> Probabilities(const Values& values, const std::vector<uint8_t>& bytes,
                                    const Mask& mask = nullptr, uint64_t first_row = 0) const;

  // Mean of -log p of the bytes behind the context's positions; context + 1 bytes.
  double Loss(const Values& values, const std::vector<uint8_t>& window, const Mask& mask = nullptr,
              uint64_t first_row = 0) const;

 private:
  using Row = std::vector<double>;

  Row Linear(const Values& values, int weight, int bias, const Row& x) const;
  Row Norm(const Values& values, int gain, int bias, const Row& x) const;
  void Attend(const Values& values, uint64_t layer, const std::vector<Row>& x,
              std::vector<Row>* out) const;

  const LmShape shape_;
};

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_CORE_MODELS_LM_LM_REFERENCE_H_
