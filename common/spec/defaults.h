// Default values of a job spec, filled in at one place.
#ifndef PACELINE_COMMON_SPEC_DEFAULTS_H_
#define PACELINE_COMMON_SPEC_DEFAULTS_H_

#include "proto/job.pb.h"

namespace paceline {

// `spec` with every default of proto/job.proto that is a constant. A field that
// does not apply (momentum of adam) stays unset. Defaults that depend on the data
// stay 0 and are found by the tasks: data.features, data.classes,
// data.shuffle_block, train.optimizer.schedule.total_iterations. Idempotent.
v1::JobSpec WithDefaults(v1::JobSpec spec);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_DEFAULTS_H_
