#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/cast.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/cross_layer.h"
#include "worker/gpu/ops/cross_layer_gradient.h"
#include "worker/gpu/ops/embed_fields.h"
#include "worker/gpu/ops/field_products.h"
#include "worker/gpu/ops/field_products_gradient.h"
#include "worker/gpu/ops/field_scatter_gradient.h"
#include "worker/gpu/ops/field_segment_gradient.h"
#include "worker/gpu/ops/field_sums.h"
#include "worker/gpu/ops/flag_non_finite.h"
#include "worker/gpu/ops/fm_interaction.h"
#include "worker/gpu/ops/fm_scatter_gradient.h"
#include "worker/gpu/ops/fm_segment_gradient.h"
#include "worker/gpu/ops/kmeans_centroids.h"
#include "worker/gpu/ops/kmeans_entry_sums.h"
#include "worker/gpu/ops/kmeans_nearest.h"
#include "worker/gpu/ops/kmeans_sums.h"
#include "worker/gpu/ops/lookup_rows.h"
#include "worker/gpu/ops/mf_rating.h"
#include "worker/gpu/ops/mf_scatter_gradient.h"
#include "worker/gpu/ops/mf_segment_gradient.h"
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
  trial.Launch(EmbedFields(0, 3, 5, 2, nullptr, nullptr, nullptr, nullptr, HalfOut(), s));
  trial.Launch(FieldSums(0, 3, nullptr, nullptr, nullptr, s));
  trial.Launch(FieldSums(5, 0, nullptr, nullptr, nullptr, s));
  trial.Launch(
      FieldSegmentGradient(0, 5, 3, 15, 5, nullptr, nullptr, nullptr, nullptr, 1, nullptr, s));
  trial.Launch(FieldScatterGradient(0, 5, 3, 15, 5, nullptr, nullptr, 1, nullptr, s));
  trial.Launch(FieldProducts(0, 3, 5, 15, nullptr, nullptr, nullptr, s));
  trial.Launch(FieldProductsGradient(0, 3, 5, 15, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(CrossLayer(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, HalfOut(), s));
  trial.Launch(
      CrossLayerGradient(0, true, nullptr, nullptr, nullptr, nullptr, HalfOut(), nullptr, s));
  trial.Launch(MfRating(0, 5, nullptr, nullptr, MfTables(), nullptr, s));
  trial.Launch(
      MfSegmentGradient(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(MfScatterGradient(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(KMeansCentroids(5, 0, nullptr, nullptr, nullptr, s));
  trial.Launch(KMeansNearest(0, 5, 5, KMeansRecords(), nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(KMeansSums(5, 0, 5, nullptr, nullptr, nullptr, s));
  trial.Launch(KMeansEntrySums(0, 5, 5, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(Cast(0, nullptr, {HalfType::kBf16, nullptr}, s));
  trial.Launch(Cast(5, nullptr, HalfOut(), s));
  trial.Launch(Scale(0, 2, nullptr, s));
  trial.Launch(FlagNonFinite(0, nullptr, nullptr, s));
}

}  // namespace

std::vector<Case> EmptyCases() { return {{"nothing at all", RunEmpty}}; }

}  // namespace paceline::gpu::testing
