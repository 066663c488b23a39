// Click models on the CPU. x are the vectors of a record's embedded fields and its numbers, v_f
// the vectors alone, w_f the weights of its keys (common/tables/ctr_tables.h):
//
//   linear     = sum_f w_f + <numbers, numbers' weights>
//   deep       = the layers of an mlp over x, with one output
//
//   wide_deep  z = linear + deep                              (Cheng et al., DLRS 2016)
//   deepfm     z = linear + sum_{f<g} <v_f, v_g> + deep       (Guo et al., IJCAI 2017)
//   dcn        z = <cross layers of x, dcn/output> + deep     (Wang et al., WWW 2021)
//
//   loss = log(1 + exp(z)) - y z
#ifndef PACELINE_WORKER_CORE_MODELS_CTR_CTR_RUNNER_H_
#define PACELINE_WORKER_CORE_MODELS_CTR_CTR_RUNNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "common/tables/ctr_tables.h"
#include "proto/job.pb.h"
#include "worker/core/math/activations.h"
#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// `tables` and `shape` as CtrTables and CtrShapeOf made them. Batches are by fields. Gradients
// become ready from the output down; that of the vectors is the last.
std::unique_ptr<Runner> CreateCtrRunner(v1::ModelKind kind,
                                        const std::vector<v1::TableSpec>& tables,
                                        const CtrShape& shape, ActivationFunction activation,
                                        const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CTR_CTR_RUNNER_H_
