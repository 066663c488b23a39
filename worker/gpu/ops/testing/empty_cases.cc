#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/cast.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/flag_non_finite.h"
#include "worker/gpu/ops/fm_interaction.h"
#include "worker/gpu/ops/fm_scatter_gradient.h"
#include "worker/gpu/ops/fm_segment_gradient.h"
#include "worker/gpu/ops/lookup_rows.h"
#include "worker/gpu/ops/point_loss.h"
#include "worker/gpu/ops/scale.h"
#include "worker/gpu/ops/scatter_gradient.h"
#include "worker/gpu/ops/segment_gradient.h"
#include "worker/gpu/ops/softmax_cross_entropy.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/weighted_rows.h"

namespace paceline::gpu::testing {
namespace {

// No rows, no columns, no entries: null pointers everywhere, and nobody minds.
void RunEmpty(Trial& trial) {
  const StreamHandle s = trial.stream();
  const ActivationKind relu = ActivationKind::kRelu;
  trial.Launch(BiasActivation(relu, 0, 5, nullptr, nullptr, nullptr, HalfOut(), s));
  trial.Launch(BiasActivation(relu, 5, 0, nullptr, nullptr, nullptr, HalfOut(), s));
  trial.Launch(ActivationGradient(relu, 0, nullptr, nullptr, HalfOut(), s));
  trial.Launch(ColumnSums(5, 0, nullptr, 1, nullptr, s));
  trial.Launch(SoftmaxCrossEntropy(0, 5, nullptr, 1, nullptr, nullptr, nullptr, HalfOut(), s));
  trial.Launch(
      PointLoss(PointLossKind::kSquared, 0, nullptr, nullptr, 1, nullptr, nullptr, nullptr, s));
  trial.Launch(LookupRows(0, nullptr, 0, nullptr, nullptr, nullptr, s));
  trial.Launch(WeightedRows(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(WeightedRows(5, 0, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(SegmentGradient(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(ScatterGradient(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(FmInteraction(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(FmSegmentGradient(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                                 nullptr, nullptr, s));
  trial.Launch(
      FmScatterGradient(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(Cast(0, nullptr, {HalfType::kBf16, nullptr}, s));
  trial.Launch(Cast(5, nullptr, HalfOut(), s));
  trial.Launch(Scale(0, 2, nullptr, s));
  trial.Launch(FlagNonFinite(0, nullptr, nullptr, s));
}

}  // namespace

std::vector<Case> EmptyCases() { return {{"nothing at all", RunEmpty}}; }

}  // namespace paceline::gpu::testing
