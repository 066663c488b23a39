// Multi-layer perceptron with a softmax over classes on the CPU. Without hidden
// layers it is softmax regression.
//
//   a_0 = x;  z_l = a_l * weight_l + bias_l;  a_{l+1} = activation(z_l)
//   loss = cross entropy of softmax(z_last) and the label
#ifndef PACELINE_WORKER_CORE_MODELS_MLP_RUNNER_H_
#define PACELINE_WORKER_CORE_MODELS_MLP_RUNNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "worker/core/math/activations.h"
#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// `tables` are bias and weight of each layer, first to last, as ModelTables made
// them; the last has an output per class. Gradients become ready from the last
// layer to the first.
std::unique_ptr<Runner> CreateMlpRunner(const std::vector<v1::TableSpec>& tables, uint64_t features,
                                        ActivationFunction activation, const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_MLP_RUNNER_H_
