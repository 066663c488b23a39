#include "worker/core/models/model_factory.h"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/counting/counting.h"

namespace paceline::worker {
namespace {

using Keys = std::vector<std::vector<uint64_t>>;

v1::JobSpec Spec(v1::ModelKind kind, v1::TableKind table) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(kind);
  spec.mutable_model()->set_table(table);
  return spec;
}

Batch Csr() {
  Batch batch;
  batch.features = 9;
  batch.labels = {0, 1, 1};
  batch.offsets = {0, 2, 2, 5};
  batch.indices = {3, 8, 0, 3, 7};
  batch.values = {1, 1, 1, 1, 1};
  return batch;
}

TEST_CASE("keys are the distinct features of the batch, for sparse tables only") {
  REQUIRE_OK_AND_ASSIGN(std::unique_ptr<Model> model,
                        CreateModel(Spec(v1::MODEL_KIND_FM, v1::TABLE_KIND_SPARSE), 9, 0));
  Keys keys(7, {99});
  model->Keys(Csr(), &keys);
  CHECK(keys == Keys{{}, {0, 3, 7, 8}, {0, 3, 7, 8}});

  REQUIRE_OK_AND_ASSIGN(model,
                        CreateModel(Spec(v1::MODEL_KIND_LOGISTIC, v1::TABLE_KIND_DENSE), 9, 0));
  model->Keys(Csr(), &keys);
  CHECK(keys == Keys{{}, {}});

  REQUIRE_OK_AND_ASSIGN(model,
                        CreateModel(Spec(v1::MODEL_KIND_LOGISTIC, v1::TABLE_KIND_SPARSE), 9, 0));
  model->Keys(Batch(), &keys);
  CHECK(keys == Keys{{}, {}});
}

TEST_CASE("a dense batch needs every feature") {
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Model> model,
                        CreateModel(Spec(v1::MODEL_KIND_LOGISTIC, v1::TABLE_KIND_SPARSE), 4, 0));
  Batch batch;
  batch.dense = true;
  batch.features = 4;
  batch.labels = {1};
  batch.dense_values = {0, 0, 5, 0};
  Keys keys;
  model->Keys(batch, &keys);
  CHECK(keys == Keys{{}, {0, 1, 2, 3}});
  batch.labels.clear();
  batch.dense_values.clear();
  model->Keys(batch, &keys);
  CHECK(keys == Keys{{}, {}});
}

TEST_CASE("counting needs the keys of its push") {
  REQUIRE_OK_AND_ASSIGN(std::unique_ptr<Model> model,
                        CreateModel(Spec(v1::MODEL_KIND_COUNTING, v1::TABLE_KIND_SPARSE), 0, 0));
  Batch batch;
  batch.rank = 2;
  batch.iteration = 11;
  Keys keys;
  model->Keys(batch, &keys);
  CHECK(keys == Keys{CountingRows(64, 2, 11)});
  REQUIRE_OK_AND_ASSIGN(model,
                        CreateModel(Spec(v1::MODEL_KIND_COUNTING, v1::TABLE_KIND_DENSE), 0, 0));
  model->Keys(batch, &keys);
  CHECK(keys == Keys{{}});
}

TEST_CASE("a model that cannot be is refused") {
  CHECK_STATUS(CreateModel(v1::JobSpec(), 3, 2), absl::StatusCode::kInvalidArgument, "model.kind");
  CHECK_STATUS(CreateModel(Spec(v1::MODEL_KIND_SOFTMAX, v1::TABLE_KIND_DENSE), 3, 0),
               absl::StatusCode::kInvalidArgument, "number of classes");
}

}  // namespace
}  // namespace paceline::worker
