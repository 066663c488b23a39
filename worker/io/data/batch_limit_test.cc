#include "worker/io/data/batch_limit.h"

#include <catch2/catch.hpp>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

TEST_CASE("a dense batch above the limit is refused before memory is taken") {
  Batch batch;
  CHECK_OK(StartBatch(true, 1024, kMaxBatchBytes / 4096, &batch));
  CHECK_STATUS(StartBatch(true, 1024, kMaxBatchBytes / 4096 + 1, &batch),
               absl::StatusCode::kResourceExhausted, "a smaller train.global_batch is needed");
  CHECK_STATUS(StartBatch(true, ~uint64_t{0}, 1, &batch), absl::StatusCode::kResourceExhausted,
               "a batch of 1 records");
}

TEST_CASE("a batch by fields has its numbers as features, and the same limit") {
  Batch batch;
  batch.dense = true;
  CHECK_OK(StartFieldsBatch(26, 13, 4, &batch));
  CHECK_FALSE(batch.dense);
  CHECK(batch.fields == 26);
  CHECK(batch.features == 13);
  CHECK(batch.nominal == 4);
  CHECK(batch.offsets.empty());
  CHECK_OK(StartFieldsBatch(2, 0, kMaxBatchBytes / 16, &batch));
  CHECK_STATUS(StartFieldsBatch(2, 0, kMaxBatchBytes / 16 + 1, &batch),
               absl::StatusCode::kResourceExhausted, "a smaller train.global_batch is needed");
  CHECK_OK(StartBatch(false, 7, 3, &batch));
  CHECK(batch.fields == 0);
}

TEST_CASE("an empty CSR batch has its first offset") {
  Batch batch;
  batch.labels.push_back(1);
  CHECK_OK(StartBatch(false, 7, 3, &batch));
  CHECK(batch.size() == 0);
  CHECK(batch.nominal == 3);
  CHECK(batch.features == 7);
  CHECK(batch.offsets == std::vector<uint64_t>{0});
  CHECK_OK(CheckBatchSize(batch));
}

}  // namespace
}  // namespace paceline::worker
