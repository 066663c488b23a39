// From a job spec and the facts of its data to a Model.
#ifndef PACELINE_WORKER_CORE_MODELS_MODEL_FACTORY_H_
#define PACELINE_WORKER_CORE_MODELS_MODEL_FACTORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/core/model.h"

namespace paceline::worker {

// The model of `spec`, its tables as common/tables/model_tables.h lists them.
// Defaults are filled in. A cosine schedule without total_iterations must have got
// them before: the tables take train.optimizer as it is.
// Errors:  InvalidArgument  as ModelTables; a library, which worker/io/library opens.
// Thread-safe.
absl::StatusOr<std::unique_ptr<Model>> CreateModel(const v1::JobSpec& spec, uint64_t features,
                                                   uint32_t classes);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_MODEL_FACTORY_H_
