#include "worker/core/models/input_layer.h"

#include <catch2/catch.hpp>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

v1::TableSpec Table(v1::TableKind kind, uint32_t dim) {
  v1::TableSpec table;
  table.set_name("w");
  table.set_kind(kind);
  table.set_rows(4);
  table.set_dim(dim);
  return table;
}

Batch Csr() {
  Batch batch;
  batch.labels = {0, 0, 0};
  batch.offsets = {0, 2, 2, 3};
  batch.indices = {1, 3, 1};
  batch.values = {2, -1, 0.5f};
  return batch;
}

TEST_CASE("rows of a sparse table are found by key") {
  InputLayer layer(Table(v1::TABLE_KIND_SPARSE, 2), 4);
  const TableRows weight = {.keys = {1, 3}, .rows = {1, 2, 3, 4}};
  REQUIRE_OK(layer.Bind(Csr(), weight));
  CHECK(std::vector<uint64_t>(layer.rows().begin(), layer.rows().end()) ==
        std::vector<uint64_t>{0, 1, 0});
  Floats out;
  layer.Forward(Csr(), weight, Floats{10, 20}, &out);
  CHECK(out == Floats{9, 20, 10, 20, 10.5f, 21});
  TableRows gradient = {.keys = {7}, .rows = {7}};
  layer.Backward(Csr(), weight, Floats{1, 2, 3, 4, 5, 6}, &gradient);
  CHECK(gradient.keys == weight.keys);
  CHECK(gradient.rows == TensorFloats{4.5f, 7, -1, -2});
}

TEST_CASE("rows of a dense table are the features") {
  InputLayer layer(Table(v1::TABLE_KIND_DENSE, 1), 4);
  const TableRows weight = {.keys = {}, .rows = {1, 2, 3, 4}};
  REQUIRE_OK(layer.Bind(Csr(), weight));
  Floats out;
  layer.Forward(Csr(), weight, Floats{1}, &out);
  CHECK(out == Floats{1, 1, 2});
  TableRows gradient;
  layer.Backward(Csr(), weight, Floats{1, 1, 2}, &gradient);
  CHECK(gradient.rows == TensorFloats{0, 3, 0, -1});
}

TEST_CASE("keys that a batch needs and the pull lacks") {
  InputLayer layer(Table(v1::TABLE_KIND_SPARSE, 1), 4);
  CHECK_STATUS(layer.Bind(Csr(), {.keys = {1, 2}, .rows = {0, 0}}),
               absl::StatusCode::kInvalidArgument, "table w: feature 3 of the batch is not among");
  CHECK_STATUS(layer.Bind(Csr(), {}), absl::StatusCode::kInvalidArgument, "feature 1");
  Batch dense;
  dense.dense = true;
  dense.labels = {0};
  dense.dense_values = {1, 2, 3, 4};
  CHECK_OK(layer.Bind(dense, {.keys = {0, 1, 2, 3}, .rows = {0, 0, 0, 0}}));
  CHECK(layer.rows().empty());
  for (const std::vector<uint64_t>& keys :
       {std::vector<uint64_t>{}, {0, 1, 2}, {1, 2, 3, 4}, {0, 1, 2, 5}}) {
    CHECK_STATUS(layer.Bind(dense, {.keys = keys, .rows = TensorFloats(keys.size())}),
                 absl::StatusCode::kInvalidArgument, "needs the keys of all 4 features");
  }
  CHECK_OK(layer.Bind(Batch{.dense = true}, {}));
}

}  // namespace
}  // namespace paceline::worker
