#include "common/spec/label_kind.h"

#include <catch2/catch.hpp>

#include "common/spec/defaults.h"

namespace paceline {
namespace {

v1::ModelSpec Model(v1::ModelKind kind, v1::Loss loss = v1::LOSS_UNSPECIFIED) {
  v1::JobSpec job;
  job.mutable_model()->set_kind(kind);
  job.mutable_model()->set_loss(loss);
  return WithDefaults(job).model();
}

// data.classes after LimitLabels.
uint32_t Limit(const v1::ModelSpec& model, uint32_t given, uint32_t found) {
  v1::DataSpec data;
  data.set_classes(given);
  LimitLabels(model, found, &data);
  return data.classes();
}

TEST_CASE("labels of a model of probabilities are 0 or 1, whatever the data have") {
  for (const v1::ModelSpec& model :
       {Model(v1::MODEL_KIND_LOGISTIC), Model(v1::MODEL_KIND_FM),
        Model(v1::MODEL_KIND_FM, v1::LOSS_LOGISTIC), Model(v1::MODEL_KIND_WIDE_DEEP),
        Model(v1::MODEL_KIND_DEEPFM), Model(v1::MODEL_KIND_DCN)}) {
    INFO(model.ShortDebugString());
    CHECK(LabelKindOf(model) == LabelKind::kBinary);
    for (const uint32_t found : {0, 1, 13}) CHECK(Limit(model, 0, found) == 2);
  }
}

TEST_CASE("labels of a model of classes are below what the job says, or its training data") {
  v1::ModelSpec library = Model(v1::MODEL_KIND_LIBRARY);
  library.mutable_library()->add_tables()->set_dim(4);
  library.mutable_library()->add_tables();
  for (const v1::ModelSpec& model : {Model(v1::MODEL_KIND_SOFTMAX), Model(v1::MODEL_KIND_MLP),
                                     Model(v1::MODEL_KIND_CNN), library}) {
    INFO(model.ShortDebugString());
    CHECK(LabelKindOf(model) == LabelKind::kClasses);
    CHECK(Limit(model, 0, 0) == 0);
    CHECK(Limit(model, 0, 13) == 13);
    CHECK(Limit(model, 20, 13) == 20);
  }
}

TEST_CASE("of all other models the data limit no label") {
  v1::ModelSpec library = Model(v1::MODEL_KIND_LIBRARY);
  library.mutable_library()->add_tables()->set_dim(4);
  for (const v1::ModelSpec& model :
       {Model(v1::MODEL_KIND_LINEAR), Model(v1::MODEL_KIND_FM, v1::LOSS_SQUARED),
        Model(v1::MODEL_KIND_MF), Model(v1::MODEL_KIND_KMEANS), Model(v1::MODEL_KIND_LM),
        Model(v1::MODEL_KIND_COUNTING), Model(v1::MODEL_KIND_LAYERS), library}) {
    INFO(model.ShortDebugString());
    CHECK(LabelKindOf(model) == LabelKind::kAny);
    CHECK(Limit(model, 0, 13) == 0);
    CHECK(Limit(model, 20, 13) == 20);
  }
}

}  // namespace
}  // namespace paceline
