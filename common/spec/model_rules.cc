#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/spec/enum_names.h"
#include "common/spec/rules.h"

namespace paceline::spec_rules {
namespace {

constexpr int kMaxHiddenLayers = 64;
constexpr int kMaxLayers = 4096;
constexpr double kMaxTableBytes = 1099511627776.0;  // 1 TiB

// Bytes of the dense tables, as far as the spec alone tells: features and classes
// that are found in the data later count as few.
double DenseBytes(const v1::JobSpec& spec) {
  const v1::ModelSpec& model = spec.model();
  const bool dense = model.table() != v1::TABLE_KIND_SPARSE;
  const double features = dense ? static_cast<double>(spec.data().features()) : 0;
  const double classes = spec.data().classes();
  double values = 0;
  switch (model.kind()) {
    case v1::MODEL_KIND_LINEAR:
    case v1::MODEL_KIND_LOGISTIC:
      values = features;
      break;
    case v1::MODEL_KIND_SOFTMAX:
      values = features * classes;
      break;
    case v1::MODEL_KIND_FM:
      values = features * (1.0 + model.factors());
      break;
    case v1::MODEL_KIND_MLP: {
      double below = features;
      for (const uint32_t units : model.hidden()) {
        values += (below + 1) * units;
        below = units;
      }
      values += (below + 1) * classes;
      break;
    }
    case v1::MODEL_KIND_COUNTING:
      values = dense ? static_cast<double>(model.rows()) * model.dim() : 0;
      break;
    case v1::MODEL_KIND_LAYERS:
      for (const uint64_t size : model.layer_sizes()) {
        values += static_cast<double>(size);
      }
      break;
    default:
      break;
  }
  return values * sizeof(float);
}

void CheckSizes(const v1::ModelSpec& model, std::vector<Problem>* problems) {
  const bool mlp = model.kind() == v1::MODEL_KIND_MLP;
  RefuseIf(!mlp && model.hidden_size() > 0, "model.hidden", "model.kind mlp", problems);
  if (mlp && (model.hidden_size() == 0 || model.hidden_size() > kMaxHiddenLayers)) {
    problems->push_back(
        Expected("model.hidden", absl::StrCat("a list of 1 to ", kMaxHiddenLayers, " layer sizes"),
                 model.hidden_size() == 0 ? "none" : absl::StrCat(model.hidden_size())));
  }
  const bool layers = model.kind() == v1::MODEL_KIND_LAYERS;
  RefuseIf(!layers && model.layer_sizes_size() > 0, "model.layer_sizes", "model.kind layers",
           problems);
  if (layers && (model.layer_sizes_size() == 0 || model.layer_sizes_size() > kMaxLayers)) {
    problems->push_back(
        Expected("model.layer_sizes", absl::StrCat("a list of 1 to ", kMaxLayers, " layer sizes"),
                 model.layer_sizes_size() == 0 ? "none" : absl::StrCat(model.layer_sizes_size())));
  }
}

}  // namespace

void CheckModel(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::ModelSpec& model = spec.model();
  const v1::ModelKind kind = model.kind();
  if (kind == v1::MODEL_KIND_UNSPECIFIED) {
    problems->push_back(Expected(
        "model.kind", absl::StrJoin(EnumWords(*v1::ModelKind_descriptor()), " | "), "none"));
    return;
  }
  CheckSizes(model, problems);
  const bool layers = kind == v1::MODEL_KIND_LAYERS;
  RefuseIf(kind != v1::MODEL_KIND_MLP && model.activation() != v1::ACTIVATION_UNSPECIFIED,
           "model.activation", "model.kind mlp", problems);
  if (layers && model.table() == v1::TABLE_KIND_SPARSE) {
    problems->push_back(Expected("model.table", "dense (model.kind layers)", "sparse"));
  }
  const bool fm = kind == v1::MODEL_KIND_FM;
  RefuseIf(!fm && model.factors() != 0, "model.factors", "model.kind fm", problems);
  RefuseIf(!fm && model.loss() != v1::LOSS_UNSPECIFIED, "model.loss", "model.kind fm", problems);
  const bool counting = kind == v1::MODEL_KIND_COUNTING;
  RefuseIf(!counting && model.rows() != 0, "model.rows", "model.kind counting", problems);
  RefuseIf(!counting && model.dim() != 0, "model.dim", "model.kind counting", problems);

  const v1::InitializerKind initializer = model.initializer().kind();
  if (counting && initializer != v1::INITIALIZER_KIND_UNSPECIFIED &&
      initializer != v1::INITIALIZER_KIND_ZEROS) {
    problems->push_back(
        Expected("model.initializer.kind", "zeros (model.kind counting)", EnumWord(initializer)));
  }
  const bool spread =
      initializer == v1::INITIALIZER_KIND_UNIFORM || initializer == v1::INITIALIZER_KIND_NORMAL;
  if (spread && model.initializer().scale() < 0) {
    problems->push_back(Expected("model.initializer.scale", "a number of at least 0",
                                 absl::StrCat(model.initializer().scale())));
  }
  const double bytes = DenseBytes(spec);
  if (bytes > kMaxTableBytes) {
    problems->push_back(Expected("model", "tables of at most 1 TiB in all",
                                 absl::StrFormat("%.4g TiB", bytes / kMaxTableBytes)));
  }
}

}  // namespace paceline::spec_rules
