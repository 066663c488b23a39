#include "worker/core/models/runner_factory.h"

#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_macros.h"
#include "common/tables/ctr_tables.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/cnn/cnn_runner.h"
#include "worker/core/models/counting/counting_runner.h"
#include "worker/core/models/ctr/ctr_runner.h"
#include "worker/core/models/fm_runner.h"
#include "worker/core/models/kmeans/kmeans_runner.h"
#include "worker/core/models/library/library_model.h"
#include "worker/core/models/linear_runner.h"
#include "worker/core/models/lm/lm_runner.h"
#include "worker/core/models/mf/mf_runner.h"
#include "worker/core/models/mlp_runner.h"

namespace paceline::worker {
namespace {

ActivationFunction FunctionOf(v1::Activation activation) {
  switch (activation) {
    case v1::ACTIVATION_TANH:
      return ActivationFunction::kTanh;
    case v1::ACTIVATION_GELU:
      return ActivationFunction::kGelu;
    default:
      return ActivationFunction::kRelu;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Runner>> CreateCpuRunner(const v1::JobSpec& spec, const Model& model,
                                                        uint64_t features, uint32_t classes,
                                                        const Trace& trace) {
  const v1::JobSpec full = WithDefaults(spec);
  const std::vector<v1::TableSpec>& tables = model.tables();
  PL_RETURN_IF_ERROR(CheckTables(full, features, classes, tables));
  switch (full.model().kind()) {
    case v1::MODEL_KIND_LINEAR:
      return CreateLinearRunner(tables, features, v1::LOSS_SQUARED, trace);
    case v1::MODEL_KIND_LOGISTIC:
      return CreateLinearRunner(tables, features, v1::LOSS_LOGISTIC, trace);
    case v1::MODEL_KIND_SOFTMAX:
    case v1::MODEL_KIND_MLP:
      return CreateMlpRunner(tables, features, FunctionOf(full.model().activation()), trace);
    case v1::MODEL_KIND_CNN:
      return CreateCnnRunner(full, tables, features, FunctionOf(full.model().activation()), trace);
    case v1::MODEL_KIND_FM:
      return CreateFmRunner(tables, features, full.model().loss(), trace);
    case v1::MODEL_KIND_MF:
      return CreateMfRunner(tables, trace);
    case v1::MODEL_KIND_KMEANS:
      return CreateKMeansRunner(tables.front(), full.train().seed(), trace);
    case v1::MODEL_KIND_LM:
      return CreateLmRunner(full, tables, features, trace);
    case v1::MODEL_KIND_WIDE_DEEP:
    case v1::MODEL_KIND_DEEPFM:
    case v1::MODEL_KIND_DCN: {
      PL_ASSIGN_OR_RETURN(const CtrShape shape, CtrShapeOf(full, features));
      return CreateCtrRunner(full.model().kind(), tables, shape,
                             FunctionOf(full.model().activation()), trace);
    }
    case v1::MODEL_KIND_LIBRARY:
      return CreateLibraryRunner(model, trace);
    case v1::MODEL_KIND_COUNTING:
      return CreateCountingRunner(tables.front(), full.model().rows(), trace);
    default:
      return absl::InvalidArgumentError(
          "model.kind: layers computes nothing and runs on device emulated only, got device cpu");
  }
}

}  // namespace paceline::worker
