#include "worker/core/models/runner_factory.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "common/spec/defaults.h"
#include "common/status/status_macros.h"
#include "common/tables/model_tables.h"
#include "worker/core/models/counting_runner.h"
#include "worker/core/models/fm_runner.h"
#include "worker/core/models/linear_runner.h"
#include "worker/core/models/mlp_runner.h"

namespace paceline::worker {
namespace {

// Runners rely on the shapes that ModelTables gives.
absl::Status SameTables(const std::vector<v1::TableSpec>& expected,
                        const std::vector<v1::TableSpec>& got) {
  if (expected.size() != got.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("model: %d tables expected, got %d", expected.size(), got.size()));
  }
  for (size_t t = 0; t < expected.size(); ++t) {
    const v1::TableSpec& a = expected[t];
    const v1::TableSpec& b = got[t];
    if (a.name() != b.name() || a.kind() != b.kind() || a.rows() != b.rows() ||
        a.dim() != b.dim()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("model: table %s of %d x %d expected, got %s of %d x %d", a.name(),
                          a.rows(), a.dim(), b.name(), b.rows(), b.dim()));
    }
  }
  return absl::OkStatus();
}

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
  PL_ASSIGN_OR_RETURN(const std::vector<v1::TableSpec> expected,
                      ModelTables(full, features, classes));
  const std::vector<v1::TableSpec>& tables = model.tables();
  PL_RETURN_IF_ERROR(SameTables(expected, tables));
  switch (full.model().kind()) {
    case v1::MODEL_KIND_LINEAR:
      return CreateLinearRunner(tables, features, v1::LOSS_SQUARED, trace);
    case v1::MODEL_KIND_LOGISTIC:
      return CreateLinearRunner(tables, features, v1::LOSS_LOGISTIC, trace);
    case v1::MODEL_KIND_SOFTMAX:
    case v1::MODEL_KIND_MLP:
      return CreateMlpRunner(tables, features, FunctionOf(full.model().activation()), trace);
    case v1::MODEL_KIND_FM:
      return CreateFmRunner(tables, features, full.model().loss(), trace);
    case v1::MODEL_KIND_COUNTING:
      return CreateCountingRunner(tables.front(), full.model().rows(), trace);
    default:
      return absl::InvalidArgumentError(
          "model.kind: layers computes nothing and runs on device emulated only, got device cpu");
  }
}

}  // namespace paceline::worker
