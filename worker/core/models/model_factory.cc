#include "worker/core/models/model_factory.h"

#include <utility>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_macros.h"
#include "common/tables/ctr_tables.h"
#include "common/tables/model_tables.h"
#include "worker/core/models/counting/counting_model.h"
#include "worker/core/models/ctr/ctr_model.h"
#include "worker/core/models/feature_model.h"
#include "worker/core/models/mf/mf_model.h"

namespace paceline::worker {

absl::StatusOr<std::unique_ptr<Model>> CreateModel(const v1::JobSpec& spec, uint64_t features,
                                                   uint32_t classes) {
  const v1::JobSpec full = WithDefaults(spec);
  if (full.model().kind() == v1::MODEL_KIND_LIBRARY) {
    return absl::InvalidArgumentError(
        "model.kind: library is a file that tasks of a worker load, and nobody else");
  }
  PL_ASSIGN_OR_RETURN(std::vector<v1::TableSpec> tables, ModelTables(full, features, classes));
  if (full.model().kind() == v1::MODEL_KIND_COUNTING) {
    return std::make_unique<CountingModel>(std::move(tables.front()), full.model().rows());
  }
  if (full.model().kind() == v1::MODEL_KIND_MF) {
    return std::make_unique<MfModel>(std::move(tables));
  }
  if (IsCtrModel(full.model().kind())) {
    PL_ASSIGN_OR_RETURN(const CtrShape shape, CtrShapeOf(full, features));
    return std::make_unique<CtrModel>(std::move(tables), shape);
  }
  return std::make_unique<FeatureModel>(std::move(tables), features);
}

}  // namespace paceline::worker
