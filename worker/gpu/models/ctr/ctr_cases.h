// Click models in every form, for the tests of their GPU form.
#ifndef PACELINE_WORKER_GPU_MODELS_CTR_CTR_CASES_H_
#define PACELINE_WORKER_GPU_MODELS_CTR_CTR_CASES_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "proto/job.pb.h"
#include "worker/core/batch.h"
#include "worker/core/models/cases.h"

namespace paceline::worker::testing {

// Few, so that fields share keys.
inline constexpr uint64_t kCtrBuckets = 7;

struct CtrCase {
  v1::ModelKind kind = v1::MODEL_KIND_DEEPFM;
  v1::TableKind table = v1::TABLE_KIND_SPARSE;
  uint32_t categories = 3;
  uint32_t crosses = 0;
  uint64_t numbers = 2;
  uint32_t factors = 4;
  std::vector<uint32_t> hidden = {5};
  uint32_t cross_layers = 1;
  v1::Activation activation = v1::ACTIVATION_TANH;

  uint32_t fields() const { return categories + crosses; }
  uint32_t embedded() const { return kind == v1::MODEL_KIND_WIDE_DEEP ? categories : fields(); }
  // What the fixture of all models takes of a case.
  ModelCase ForFixture() const {
    return {.kind = kind, .table = table, .features = kCtrBuckets + numbers, .classes = 2};
  }

  v1::JobSpec Spec(v1::Precision precision = v1::PRECISION_UNSPECIFIED) const {
    v1::JobSpec spec;
    v1::ModelSpec* const model = spec.mutable_model();
    model->set_kind(kind);
    model->set_table(table);
    model->set_activation(activation);
    model->set_factors(factors);
    for (const uint32_t units : hidden) model->add_hidden(units);
    if (kind == v1::MODEL_KIND_DCN) model->set_cross_layers(cross_layers);
    v1::DataSpec* const data = spec.mutable_data();
    data->set_hash_buckets(kCtrBuckets);
    data->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
    for (uint32_t i = 0; i < categories; ++i) {
      data->mutable_train()->add_categories(std::to_string(i));
    }
    for (uint32_t i = 0; i < crosses; ++i) data->add_crosses()->add_columns("0");
    spec.mutable_train()->set_precision(precision);
    return WithDefaults(spec);
  }

  std::string ToString() const {
    return v1::ModelKind_Name(kind) + " " + v1::TableKind_Name(table) + " " +
           v1::Activation_Name(activation) + ", " + std::to_string(categories) + " categories, " +
           std::to_string(crosses) + " crosses, " + std::to_string(numbers) + " numbers, " +
           std::to_string(factors) + " factors";
  }
};

// Each kind and kind of table: with and without crosses and numbers, vectors of whole packs and
// others, some activations.
inline std::vector<CtrCase> AllCtrModels() {
  std::vector<CtrCase> all;
  for (const v1::ModelKind kind :
       {v1::MODEL_KIND_WIDE_DEEP, v1::MODEL_KIND_DEEPFM, v1::MODEL_KIND_DCN}) {
    for (const v1::TableKind table : {v1::TABLE_KIND_SPARSE, v1::TABLE_KIND_DENSE}) {
      all.push_back({.kind = kind, .table = table});
      all.push_back({.kind = kind,
                     .table = table,
                     .categories = 2,
                     .crosses = 2,
                     .numbers = 3,
                     .factors = 3,
                     .hidden = {4, 3},
                     .cross_layers = 2,
                     .activation = v1::ACTIVATION_GELU});
      all.push_back({.kind = kind,
                     .table = table,
                     .categories = 1,
                     .numbers = 0,
                     .factors = 1,
                     .hidden = {1},
                     .cross_layers = 3});
      all.push_back({.kind = kind,
                     .table = table,
                     .categories = 3,
                     .crosses = 1,
                     .numbers = 4,
                     .factors = 8,
                     .hidden = {8, 4, 2},
                     .activation = v1::ACTIVATION_RELU});
    }
  }
  return all;
}

inline Batch RandomCtrBatch(const CtrCase& c, uint64_t n, std::mt19937* random) {
  Batch batch;
  batch.fields = c.fields();
  batch.features = c.numbers;
  batch.nominal = n;
  std::uniform_real_distribution<float> number(-1, 1);
  for (uint64_t i = 0; i < n; ++i) {
    batch.labels.push_back(static_cast<float>((*random)() % 2));
    for (uint32_t f = 0; f < batch.fields; ++f) {
      batch.indices.push_back((*random)() % kCtrBuckets);
    }
    for (uint64_t j = 0; j < c.numbers; ++j) batch.dense_values.push_back(number(*random));
  }
  return batch;
}

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_GPU_MODELS_CTR_CTR_CASES_H_
