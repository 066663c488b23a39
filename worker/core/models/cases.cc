#include "worker/core/models/cases.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace paceline::worker::testing {
namespace {

float Uniform(float low, float high, std::mt19937* random) {
  return std::uniform_real_distribution<float>(low, high)(*random);
}

float Label(const ModelCase& model, std::mt19937* random) {
  if (model.kind == v1::MODEL_KIND_SOFTMAX || model.kind == v1::MODEL_KIND_MLP) {
    return static_cast<float>((*random)() % model.classes);
  }
  return model.SquaredLoss() ? Uniform(-2, 2, random) : static_cast<float>((*random)() % 2);
}

}  // namespace

v1::JobSpec ModelCase::Spec() const {
  v1::JobSpec spec;
  v1::ModelSpec* model = spec.mutable_model();
  model->set_kind(kind);
  model->set_table(table);
  for (const uint32_t units : hidden) model->add_hidden(units);
  model->set_activation(activation);
  model->set_factors(factors);
  model->set_loss(loss);
  return spec;
}

bool ModelCase::SquaredLoss() const {
  return kind == v1::MODEL_KIND_LINEAR || (kind == v1::MODEL_KIND_FM && loss == v1::LOSS_SQUARED);
}

std::string ModelCase::ToString() const {
  return absl::StrCat(v1::ModelKind_Name(kind), " ", v1::TableKind_Name(table), " hidden [",
                      absl::StrJoin(hidden, " "), "] ", v1::Activation_Name(activation),
                      " factors ", factors, " ", v1::Loss_Name(loss), " features ", features,
                      " classes ", classes);
}

std::vector<ModelCase> AllModels(uint64_t features) {
  std::vector<ModelCase> models;
  for (const v1::TableKind table : {v1::TABLE_KIND_DENSE, v1::TABLE_KIND_SPARSE}) {
    const auto add = [&](ModelCase model) {
      model.table = table;
      model.features = features;
      models.push_back(model);
    };
    add({.kind = v1::MODEL_KIND_LINEAR});
    add({.kind = v1::MODEL_KIND_LOGISTIC});
    add({.kind = v1::MODEL_KIND_SOFTMAX, .classes = 2});
    add({.kind = v1::MODEL_KIND_SOFTMAX, .classes = 17});
    for (const v1::Activation activation :
         {v1::ACTIVATION_RELU, v1::ACTIVATION_TANH, v1::ACTIVATION_GELU}) {
      add({.kind = v1::MODEL_KIND_MLP, .hidden = {1}, .activation = activation});
      add({.kind = v1::MODEL_KIND_MLP, .hidden = {7, 3}, .activation = activation, .classes = 5});
    }
    for (const v1::Loss loss : {v1::LOSS_LOGISTIC, v1::LOSS_SQUARED}) {
      for (const uint32_t factors : {1, 3, 8}) {
        add({.kind = v1::MODEL_KIND_FM, .factors = factors, .loss = loss});
      }
    }
  }
  return models;
}

Batch RandomBatch(const ModelCase& model, bool dense, uint64_t n, std::mt19937* random) {
  Batch batch;
  batch.dense = dense;
  batch.features = model.features;
  batch.nominal = n;
  if (!dense) batch.offsets.push_back(0);
  for (uint64_t i = 0; i < n; ++i) {
    batch.labels.push_back(Label(model, random));
    const bool blank = (*random)() % 8 == 0;
    for (uint64_t f = 0; f < model.features; ++f) {
      const bool present = !blank && (*random)() % 3 == 0;
      const float value = Uniform(-1, 1, random);
      if (dense) {
        // Some zeros, as in real data.
        batch.dense_values.push_back(present ? 0 : value);
      } else if (present) {
        batch.indices.push_back(f);
        batch.values.push_back(value);
      }
    }
    if (!dense) batch.offsets.push_back(batch.indices.size());
  }
  return batch;
}

Parameters RandomParameters(const Model& model, const Batch& batch, std::mt19937* random) {
  std::vector<std::vector<uint64_t>> keys;
  model.Keys(batch, &keys);
  Parameters parameters(keys.size());
  for (size_t t = 0; t < keys.size(); ++t) {
    const v1::TableSpec& table = model.tables()[t];
    const bool sparse = table.kind() == v1::TABLE_KIND_SPARSE;
    parameters[t].keys = keys[t];
    parameters[t].rows.resize((sparse ? keys[t].size() : table.rows()) * table.dim());
    for (float& value : parameters[t].rows) value = Uniform(-0.5f, 0.5f, random);
  }
  return parameters;
}

}  // namespace paceline::worker::testing
