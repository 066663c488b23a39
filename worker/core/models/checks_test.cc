#include "worker/core/models/checks.h"

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

Batch Csr() {
  Batch batch;
  batch.labels = {0, 1};
  batch.offsets = {0, 2, 3};
  batch.indices = {1, 4, 0};
  batch.values = {1, 1, 1};
  return batch;
}

TEST_CASE("well-formed batches pass") {
  CHECK_OK(CheckBatch(Csr(), 5));
  CHECK_OK(CheckBatch(Batch(), 5));
  Batch empty;
  empty.offsets = {0};
  CHECK_OK(CheckBatch(empty, 5));
  Batch dense;
  dense.dense = true;
  dense.features = 2;
  CHECK_OK(CheckBatch(dense, 2));
  dense.labels = {1};
  dense.dense_values = {1, 2};
  CHECK_OK(CheckBatch(dense, 2));
}

TEST_CASE("malformed CSR batches are refused") {
  struct Case {
    void (*change)(Batch*);
    const char* part;
  };
  const Case cases[] = {
      {[](Batch* b) { b->indices[2] = 5; }, "record 1: feature index below 5 expected, got 5"},
      {[](Batch* b) { b->indices[1] = 1; },
       "record 0: indices that ascend expected, got 1 after 1"},
      {[](Batch* b) { b->values.pop_back(); }, "as many values as indices"},
      {[](Batch* b) { b->offsets.pop_back(); }, "offsets from 0 to 3"},
      {[](Batch* b) {
         b->offsets = {1, 2, 3};
       },
       "offsets from 0 to 3"},
      {[](Batch* b) {
         b->offsets = {0, 2, 2};
       },
       "offsets from 0 to 3"},
      {[](Batch* b) { b->offsets.clear(); }, "got 0 offsets"},
      {[](Batch* b) {
         b->labels.push_back(0);
         b->offsets = {0, 3, 2, 3};
       },
       "record 1: offsets that ascend expected, got 2 after 3"},
      {[](Batch* b) {
         b->labels.push_back(0);
         b->offsets = {0, uint64_t{1} << 60, 2, 3};
       },
       "offsets that ascend"},
  };
  for (const Case& c : cases) {
    Batch batch = Csr();
    c.change(&batch);
    CHECK_STATUS(CheckBatch(batch, 5), kInvalid, c.part);
  }
}

TEST_CASE("dense batches of another size are refused") {
  Batch batch;
  batch.dense = true;
  batch.features = 3;
  batch.labels = {1};
  batch.dense_values = {1, 2};
  CHECK_STATUS(CheckBatch(batch, 3), kInvalid, "3 values expected");
  CHECK_STATUS(CheckBatch(batch, 2), kInvalid, "2 features expected, got 3");
}

TEST_CASE("parameters have the shape of the tables") {
  std::vector<v1::TableSpec> tables(2);
  tables[0].set_name("a");
  tables[0].set_kind(v1::TABLE_KIND_DENSE);
  tables[0].set_rows(2);
  tables[0].set_dim(3);
  tables[1].set_name("b");
  tables[1].set_kind(v1::TABLE_KIND_SPARSE);
  tables[1].set_dim(2);
  Parameters good(2);
  good[0].rows.resize(6);
  good[1].keys = {4, 9};
  good[1].rows.resize(4);
  CHECK_OK(CheckParameters(tables, good));
  Parameters wrong = good;
  wrong.pop_back();
  CHECK_STATUS(CheckParameters(tables, wrong), kInvalid, "2 tables expected, got 1");
  wrong = good;
  wrong[0].rows.pop_back();
  CHECK_STATUS(CheckParameters(tables, wrong), kInvalid, "table a: 2 x 3 values expected, got 5");
  wrong = good;
  wrong[0].keys = {0, 1};
  CHECK_STATUS(CheckParameters(tables, wrong), kInvalid, "table a: is dense, got 2 keys");
  wrong = good;
  wrong[1].keys.push_back(11);
  CHECK_STATUS(CheckParameters(tables, wrong), kInvalid, "table b: 3 x 2 values expected, got 4");
  for (const std::vector<uint64_t>& keys : {std::vector<uint64_t>{9, 4}, {4, 4}}) {
    wrong = good;
    wrong[1].keys = keys;
    CHECK_STATUS(CheckParameters(tables, wrong), kInvalid, "table b: keys that ascend");
  }
}

TEST_CASE("labels out of range are named") {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  using Labels = std::vector<float>;
  CHECK_OK(CheckFiniteLabels(Labels{-3.5f, 1e30f}));
  CHECK_STATUS(CheckFiniteLabels(Labels{0, inf}), kInvalid,
               "record 1: label a finite number expected, got inf");
  CHECK_STATUS(CheckFiniteLabels(Labels{nan}), kInvalid, "got nan");

  CHECK_OK(CheckBinaryLabels(Labels{0, 1, 1}));
  for (const float label : {-1.0f, 2.0f, 0.5f, nan, inf}) {
    CHECK_STATUS(CheckBinaryLabels(Labels{0, 1, label}), kInvalid,
                 "record 2: label 0 or 1 expected, got");
  }

  CHECK_OK(CheckClassLabels(Labels{0, 9}, 10));
  CHECK_OK(CheckClassLabels(Labels{}, 10));
  CHECK_STATUS(CheckClassLabels(Labels{10}, 10), kInvalid,
               "label a whole number from 0 to 9 expected, got 10");
  for (const float label : {-1.0f, 1.5f, 1e30f, nan, inf}) {
    CHECK_STATUS(CheckClassLabels(Labels{label}, 10), kInvalid, "a whole number from 0 to 9");
  }
}

}  // namespace
}  // namespace paceline::worker
