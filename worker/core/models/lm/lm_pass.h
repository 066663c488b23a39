// What the layers of a language model share while a chunk of windows goes through them.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_LM_PASS_H_
#define PACELINE_WORKER_CORE_MODELS_LM_LM_PASS_H_

#include <cstdint>
#include <vector>

#include "worker/core/model.h"
#include "worker/core/models/dropout.h"

namespace paceline::worker {

// `sequences` windows of `length` bytes each, one after the other: a row of a matrix is a
// position of a window.
struct LmPass {
  uint64_t sequences = 0;
  uint64_t length = 0;
  const Parameters* parameters = nullptr;
  // Null: nothing is dropped.
  const Dropout* dropout = nullptr;
  // Number of the first row within the rank's whole batch.
  uint64_t first_row = 0;

  uint64_t rows() const { return sequences * length; }
  const TableRows& table(int index) const { return (*parameters)[index]; }
};

// Where a backward pass adds its gradients.
struct LmGradients {
  Gradients* gradients = nullptr;
  // Called for each table that is complete. Null: other chunks of the batch follow.
  const GradientReady* ready = nullptr;

  TableRows* table(int index) const { return &(*gradients)[index]; }
  void Ready(int index) const {
    if (ready != nullptr) (*ready)(index);
  }
};

// Space for values that no layer keeps. Each layer may overwrite all of it.
struct LmScratch {
  // [rows, width]
  std::vector<float> narrow;
  // [rows, 4 * width]
  std::vector<float> wide;
  // q, k and v, or their gradients: [sequences, heads, length, head width] each.
  std::vector<float> q;
  std::vector<float> k;
  std::vector<float> v;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_LM_PASS_H_
