#include "worker/core/models/ctr/ctr_reference.h"

#include <algorithm>
#include <cmath>

namespace paceline::worker::testing {
namespace {

double Act(v1::Activation f, double z) {
  switch (f) {
    case v1::ACTIVATION_TANH:
      return std::tanh(z);
    case v1::ACTIVATION_GELU:
      return 0.5 * z * (1 + std::tanh(std::sqrt(2 / M_PI) * (z + 0.044715 * z * z * z)));
    default:
      return std::max(z, 0.0);
  }
}

std::string KindOf(v1::ModelKind kind) {
  if (kind == v1::MODEL_KIND_WIDE_DEEP) return "wide_deep";
  return kind == v1::MODEL_KIND_DEEPFM ? "deepfm" : "dcn";
}

}  // namespace

CtrReference::CtrReference(const v1::ModelSpec& model, uint32_t embedded,
                           const std::vector<v1::TableSpec>& tables, const Batch& batch,
                           const Parameters& parameters)
    : model_(model), embedded_(embedded), batch_(batch) {
  for (size_t t = 0; t < tables.size(); ++t) {
    table_of_[tables[t].name()] = t;
    dims_.push_back(tables[t].dim());
    values_.emplace_back(parameters[t].rows.begin(), parameters[t].rows.end());
    row_of_.emplace_back();
    for (uint64_t row = 0; row < values_[t].size() / dims_[t]; ++row) {
      row_of_[t][parameters[t].keys.empty() ? row : parameters[t].keys[row]] = row;
    }
  }
}

double CtrReference::At(const Values& values, const std::string& table, uint64_t row,
                        uint64_t column) const {
  const size_t t = table_of_.at(table);
  return values[t][row_of_[t].at(row) * dims_[t] + column];
}

CtrReference::Row CtrReference::Layer(const Values& values, const std::string& name,
                                      const Row& in) const {
  Row out;
  for (uint64_t j = 0; j < dims_[table_of_.at(name + "/weight")]; ++j) {
    double sum = At(values, name + "/bias", 0, j);
    for (size_t i = 0; i < in.size(); ++i) sum += in[i] * At(values, name + "/weight", i, j);
    out.push_back(sum);
  }
  return out;
}

double CtrReference::Output(const Values& values, uint64_t record) const {
  const std::string kind = KindOf(model_.kind());
  const uint64_t* const keys = &batch_.indices[record * batch_.fields];
  const uint64_t numbers = batch_.features;
  const float* const number = batch_.dense_values.data() + record * numbers;
  const uint64_t k = model_.factors();
  Row x;
  for (uint32_t field = 0; field < embedded_; ++field) {
    for (uint64_t f = 0; f < k; ++f) x.push_back(At(values, kind + "/factors", keys[field], f));
  }
  x.insert(x.end(), number, number + numbers);

  Row a = x;
  for (int layer = 0; layer < model_.hidden_size(); ++layer) {
    a = Layer(values, "layer" + std::to_string(layer), a);
    for (double& value : a) value = Act(model_.activation(), value);
  }
  double z = Layer(values, "layer" + std::to_string(model_.hidden_size()), a)[0];

  if (Has(kind + "/weight")) {
    for (uint32_t f = 0; f < batch_.fields; ++f) z += At(values, kind + "/weight", keys[f], 0);
    for (uint64_t j = 0; j < numbers; ++j) z += number[j] * At(values, kind + "/numbers", j, 0);
  }
  if (model_.kind() == v1::MODEL_KIND_DEEPFM) {
    for (uint32_t f = 0; f < embedded_; ++f) {
      for (uint32_t g = f + 1; g < embedded_; ++g) {
        for (uint64_t i = 0; i < k; ++i) z += x[f * k + i] * x[g * k + i];
      }
    }
  }
  if (model_.kind() == v1::MODEL_KIND_DCN) {
    Row crossed = x;
    for (uint32_t layer = 0; layer < model_.cross_layers(); ++layer) {
      const Row u = Layer(values, "cross" + std::to_string(layer), crossed);
      for (size_t i = 0; i < x.size(); ++i) crossed[i] += x[i] * u[i];
    }
    for (size_t i = 0; i < x.size(); ++i) z += crossed[i] * At(values, "dcn/output", i, 0);
  }
  return z;
}

std::vector<double> CtrReference::Scores(const Values& values) const {
  std::vector<double> scores;
  for (uint64_t i = 0; i < batch_.size(); ++i) {
    scores.push_back(1 / (1 + std::exp(-Output(values, i))));
  }
  return scores;
}

double CtrReference::Loss(const Values& values) const {
  double sum = 0;
  for (uint64_t i = 0; i < batch_.size(); ++i) {
    const double z = Output(values, i);
    sum += std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0) - batch_.labels[i] * z;
  }
  return sum;
}

Values CtrReference::NumericalGradient() const {
  return testing::NumericalGradient([this](const Values& at) { return Loss(at); }, values_, 1e-5);
}

}  // namespace paceline::worker::testing
