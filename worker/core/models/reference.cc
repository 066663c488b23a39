#include "worker/core/models/reference.h"

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

double Slope(v1::Activation f, double z) {
  if (f == v1::ACTIVATION_RELU) return z > 0 ? 1 : 0;
  const double h = 1e-5;
  return (Act(f, z + h) - Act(f, z - h)) / (2 * h);
}

std::vector<double> SoftmaxOf(const std::vector<double>& z) {
  const double largest = *std::max_element(z.begin(), z.end());
  std::vector<double> p;
  double sum = 0;
  for (const double value : z) sum += std::exp(value - largest);
  for (const double value : z) p.push_back(std::exp(value - largest) / sum);
  return p;
}

bool IsNetwork(v1::ModelKind kind) {
  return kind == v1::MODEL_KIND_SOFTMAX || kind == v1::MODEL_KIND_MLP;
}

}  // namespace

Reference::Reference(const ModelCase& model, const Batch& batch, const Parameters& parameters)
    : model_(model), labels_(batch.labels), x_(batch.size() * model.features, 0) {
  for (uint64_t i = 0; i < batch.size(); ++i) {
    for (uint64_t f = 0; batch.dense && f < model.features; ++f) {
      x_[i * model.features + f] = batch.dense_values[i * model.features + f];
    }
    for (uint64_t k = batch.dense ? 0 : batch.offsets[i];
         k < (batch.dense ? 0 : batch.offsets[i + 1]); ++k) {
      x_[i * model.features + batch.indices[k]] = batch.values[k];
    }
  }
  // Columns of each table, in name order: biases come before their weights.
  if (IsNetwork(model.kind)) {
    for (const uint32_t units : model.hidden) dims_.insert(dims_.end(), 2, units);
    dims_.insert(dims_.end(), 2, model.classes);
  } else if (model.kind == v1::MODEL_KIND_FM) {
    dims_ = {1, model.factors, 1};
  } else {
    dims_ = {1, 1};
  }
  const bool sparse = model.table == v1::TABLE_KIND_SPARSE;
  for (size_t t = 0; t < parameters.size(); ++t) {
    values_.emplace_back(parameters[t].rows.begin(), parameters[t].rows.end());
    const bool by_feature = model.kind == v1::MODEL_KIND_FM ? t > 0 : t == 1;
    row_of_.emplace_back();
    for (uint64_t row = 0; row < values_[t].size() / dims_[t]; ++row) {
      row_of_[t][sparse && by_feature ? parameters[t].keys[row] : row] = row;
    }
  }
}

int64_t Reference::RowOf(int table, uint64_t row) const {
  const auto at = row_of_[table].find(row);
  return at == row_of_[table].end() ? -1 : static_cast<int64_t>(at->second);
}

double Reference::At(const Values& values, int table, uint64_t row, uint64_t column) const {
  const int64_t place = RowOf(table, row);
  return place < 0 ? 0 : values[table][static_cast<uint64_t>(place) * dims_[table] + column];
}

// sum over pairs i < j of <v_i, v_j> x_i x_j
double Reference::Interactions(const Values& values, uint64_t record) const {
  const double* x = &x_[record * model_.features];
  double sum = 0;
  for (uint64_t i = 0; i < model_.features; ++i) {
    for (uint64_t j = i + 1; j < model_.features; ++j) {
      if (x[i] == 0 || x[j] == 0) continue;
      for (uint64_t f = 0; f < model_.factors; ++f) {
        sum += At(values, 1, i, f) * At(values, 1, j, f) * x[i] * x[j];
      }
    }
  }
  return sum;
}

std::vector<double> Reference::Outputs(const Values& values, uint64_t record) const {
  std::vector<double> a(x_.begin() + record * model_.features,
                        x_.begin() + (record + 1) * model_.features);
  const int layers = IsNetwork(model_.kind) ? static_cast<int>(values.size() / 2) : 1;
  for (int layer = 0; layer < layers; ++layer) {
    const int weight = model_.kind == v1::MODEL_KIND_FM ? 2 : 2 * layer + 1;
    std::vector<double> z;
    for (uint64_t j = 0; j < dims_[weight]; ++j) {
      double sum = At(values, 2 * layer, 0, j);
      for (uint64_t i = 0; i < a.size(); ++i) {
        if (a[i] != 0) sum += a[i] * At(values, weight, i, j);
      }
      z.push_back(layer + 1 < layers ? Act(model_.activation, sum) : sum);
    }
    a = z;
  }
  if (model_.kind == v1::MODEL_KIND_FM) a[0] += Interactions(values, record);
  return a;
}

double Reference::Loss(const Values& values, std::vector<double>* scores) const {
  double sum = 0;
  for (uint64_t i = 0; i < labels_.size(); ++i) {
    const std::vector<double> z = Outputs(values, i);
    std::vector<double> score = z;
    if (IsNetwork(model_.kind)) {
      score = SoftmaxOf(z);
      sum -= std::log(score[static_cast<size_t>(labels_[i])]);
    } else if (model_.SquaredLoss()) {
      sum += 0.5 * (z[0] - labels_[i]) * (z[0] - labels_[i]);
    } else {
      score[0] = 1 / (1 + std::exp(-z[0]));
      sum -= std::log(labels_[i] == 1 ? score[0] : 1 - score[0]);
    }
    if (scores != nullptr) scores->insert(scores->end(), score.begin(), score.end());
  }
  return sum;
}

Values Reference::NumericalGradient() const {
  return testing::NumericalGradient([this](const Values& at) { return Loss(at); }, values_, 1e-5);
}

Values Reference::BackpropGradient() const {
  const int layers = static_cast<int>(values_.size() / 2);
  Values gradient = values_;
  for (std::vector<double>& table : gradient) std::fill(table.begin(), table.end(), 0.0);
  for (uint64_t record = 0; record < labels_.size(); ++record) {
    // a[l] goes into layer l, z[l] comes out of it.
    std::vector<std::vector<double>> a = {
        {x_.begin() + record * model_.features, x_.begin() + (record + 1) * model_.features}};
    std::vector<std::vector<double>> z;
    for (int layer = 0; layer < layers; ++layer) {
      z.emplace_back();
      a.emplace_back();
      for (uint64_t j = 0; j < dims_[2 * layer]; ++j) {
        double sum = At(values_, 2 * layer, 0, j);
        for (uint64_t i = 0; i < a[layer].size(); ++i) {
          if (a[layer][i] != 0) sum += a[layer][i] * At(values_, 2 * layer + 1, i, j);
        }
        z[layer].push_back(sum);
        a[layer + 1].push_back(Act(model_.activation, sum));
      }
    }
    std::vector<double> delta = SoftmaxOf(z.back());
    delta[static_cast<size_t>(labels_[record])] -= 1;
    for (int layer = layers - 1; layer >= 0; --layer) {
      std::vector<double> below(a[layer].size(), 0);
      for (uint64_t j = 0; j < delta.size(); ++j) {
        gradient[2 * layer][j] += delta[j];
        for (uint64_t i = 0; i < a[layer].size(); ++i) {
          const int64_t row = layer == 0 && a[0][i] == 0 ? -1 : RowOf(2 * layer + 1, i);
          if (row < 0) continue;
          const size_t at = static_cast<uint64_t>(row) * dims_[2 * layer + 1] + j;
          gradient[2 * layer + 1][at] += a[layer][i] * delta[j];
          below[i] += values_[2 * layer + 1][at] * delta[j];
        }
      }
      if (layer == 0) break;
      for (uint64_t i = 0; i < below.size(); ++i) {
        below[i] *= Slope(model_.activation, z[layer - 1][i]);
      }
      delta = below;
    }
  }
  return gradient;
}

}  // namespace paceline::worker::testing
