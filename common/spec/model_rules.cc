#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/spec/enum_names.h"
#include "common/spec/rules.h"
#include "common/tables/ctr_tables.h"

namespace paceline::spec_rules {
namespace {

constexpr int kMaxHiddenLayers = 64;
constexpr int kMaxLayers = 4096;
constexpr double kMaxTableBytes = 1099511627776.0;  // 1 TiB

// Values of the weights and embeddings; biases are few.
double LmValues(const v1::LmSpec& lm) {
  const double width = lm.width();
  return 12 * width * width * lm.layers() + (256.0 + lm.context()) * width;
}

// Bytes of the dense tables, as far as the spec alone tells: features and classes
// that are found in the data later count as few.
double DenseBytes(const v1::JobSpec& spec) {
  const v1::ModelSpec& model = spec.model();
  const bool dense = model.table() != v1::TABLE_KIND_SPARSE;
  // Beside hash buckets the columns of numbers are few.
  const double features =
      dense ? static_cast<double>(spec.data().features() + spec.data().hash_buckets()) : 0;
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
    case v1::MODEL_KIND_MF:
      values = 2 * features * (1.0 + model.factors());
      break;
    case v1::MODEL_KIND_KMEANS:
      values = static_cast<double>(model.clusters()) * (features + 1);
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
    case v1::MODEL_KIND_LM:
      values = LmValues(model.lm());
      break;
    default:
      break;
  }
  return values * sizeof(float);
}

constexpr char kNetworks[] = "model.kind mlp, cnn, wide_deep, deepfm or dcn";

// Those have layers of model.hidden.
bool IsNetwork(v1::ModelKind kind) {
  return kind == v1::MODEL_KIND_MLP || kind == v1::MODEL_KIND_CNN || IsCtrModel(kind);
}

void CheckSizes(const v1::ModelSpec& model, std::vector<Problem>* problems) {
  const bool network = IsNetwork(model.kind());
  RefuseIf(!network && model.hidden_size() > 0, "model.hidden", kNetworks, problems);
  if (network && model.kind() != v1::MODEL_KIND_CNN &&
      (model.hidden_size() == 0 || model.hidden_size() > kMaxHiddenLayers)) {
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
  RefuseIf(!IsNetwork(kind) && model.activation() != v1::ACTIVATION_UNSPECIFIED, "model.activation",
           kNetworks, problems);
  const bool kmeans = kind == v1::MODEL_KIND_KMEANS;
  if ((layers || kmeans) && model.table() == v1::TABLE_KIND_SPARSE) {
    problems->push_back(
        Expected("model.table", absl::StrCat("dense (model.kind ", EnumWord(kind), ")"), "sparse"));
  }
  const bool fm = kind == v1::MODEL_KIND_FM;
  RefuseIf(!fm && kind != v1::MODEL_KIND_MF && !IsCtrModel(kind) && model.factors() != 0,
           "model.factors", "model.kind fm, mf, wide_deep, deepfm or dcn", problems);
  RefuseIf(!fm && model.loss() != v1::LOSS_UNSPECIFIED, "model.loss", "model.kind fm", problems);
  const bool counting = kind == v1::MODEL_KIND_COUNTING;
  RefuseIf(!counting && model.rows() != 0, "model.rows", "model.kind counting", problems);
  RefuseIf(!counting && model.dim() != 0, "model.dim", "model.kind counting", problems);
  RefuseIf(!kmeans && model.clusters() != 0, "model.clusters", "model.kind kmeans", problems);
  if (kmeans && model.clusters() == 0) {
    problems->push_back(Expected("model.clusters", "a number of clusters from 2 to 65536", "none"));
  }

  const v1::InitializerKind initializer = model.initializer().kind();
  if ((counting || kmeans) && initializer != v1::INITIALIZER_KIND_UNSPECIFIED &&
      initializer != v1::INITIALIZER_KIND_ZEROS) {
    problems->push_back(Expected("model.initializer.kind",
                                 absl::StrCat("zeros (model.kind ", EnumWord(kind), ")"),
                                 EnumWord(initializer)));
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
