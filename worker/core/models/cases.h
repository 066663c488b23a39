// Specs, batches and parameters for the tests of models.
#ifndef PACELINE_WORKER_CORE_MODELS_CASES_H_
#define PACELINE_WORKER_CORE_MODELS_CASES_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "proto/job.pb.h"
#include "worker/core/model.h"

namespace paceline::worker::testing {

// One model in one form.
struct ModelCase {
  v1::ModelKind kind = v1::MODEL_KIND_LINEAR;
  v1::TableKind table = v1::TABLE_KIND_DENSE;
  std::vector<uint32_t> hidden = {};
  v1::Activation activation = v1::ACTIVATION_UNSPECIFIED;
  uint32_t factors = 0;
  v1::Loss loss = v1::LOSS_UNSPECIFIED;
  uint64_t features = 3;
  // Of softmax and mlp; others have labels 0 and 1, or any number for squared loss.
  uint32_t classes = 3;

  v1::JobSpec Spec() const;
  bool SquaredLoss() const;
  std::string ToString() const;
};

// Every kind, activation and loss that learns from data, with dense and with sparse
// tables.
std::vector<ModelCase> AllModels(uint64_t features);

// `n` random records with suitable labels; a CSR batch has about a third of the
// features, and some records without any.
Batch RandomBatch(const ModelCase& model, bool dense, uint64_t n, std::mt19937* random);

// Parameters in [-0.5, 0.5) for the keys that `batch` needs.
Parameters RandomParameters(const Model& model, const Batch& batch, std::mt19937* random);

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_CORE_MODELS_CASES_H_
