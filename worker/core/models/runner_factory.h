// The CPU's runner for each kind of model.
#ifndef PACELINE_WORKER_CORE_MODELS_RUNNER_FACTORY_H_
#define PACELINE_WORKER_CORE_MODELS_RUNNER_FACTORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// A runner of `model`, which CreateModel made from the same spec, features and
// classes. It keeps no pointer to the model. `trace` gets the forward and the backward pass
// of each step.
// Errors:  InvalidArgument  the kind has no CPU form (layers); the tables are not
//                           those of the spec, features and classes.
// Thread-safe.
absl::StatusOr<std::unique_ptr<Runner>> CreateCpuRunner(const v1::JobSpec& spec, const Model& model,
                                                        uint64_t features, uint32_t classes,
                                                        const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_RUNNER_FACTORY_H_
