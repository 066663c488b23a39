#include "worker/core/data/range_dataset.h"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;

// Ten records; the label of a record is its number.
class Numbers final : public Dataset {
 public:
  uint64_t records() const override { return 10; }
  uint64_t features() const override { return 3; }
  uint64_t dense_values() const override { return 2; }
  uint32_t classes() const override { return 2; }
  uint64_t bad_records() const override { return 4; }
  absl::Status Read(absl::Span<const uint64_t> records, Batch* batch) override {
    batch->nominal = records.size();
    batch->labels.assign(records.begin(), records.end());
    return absl::OkStatus();
  }
};

TEST_CASE("the end is held out, a record at least, and one is left") {
  CHECK(*HeldOutRecords(0.1, 100) == 10);
  CHECK(*HeldOutRecords(0.1, 109) == 10);
  CHECK(*HeldOutRecords(0.1, 3) == 1);
  CHECK(*HeldOutRecords(1e-9, 2) == 1);
  CHECK(*HeldOutRecords(0.999, 2) == 1);
  for (const uint64_t records : {0, 1}) {
    CHECK_STATUS(HeldOutRecords(0.5, records), Code::kInvalidArgument,
                 "data.holdout: at least 2 records expected");
  }
}

TEST_CASE("records are those of the whole, from the first of the range on") {
  RangeDataset range(std::make_unique<Numbers>(), 7, 3);
  CHECK(range.records() == 3);
  CHECK(range.features() == 3);
  CHECK(range.dense_values() == 2);
  CHECK(range.classes() == 2);
  CHECK(range.bad_records() == 4);
  Batch batch;
  REQUIRE_OK(range.Read({2, 0, 2}, &batch));
  CHECK(batch.labels == std::vector<float>{9, 7, 9});
  CHECK(batch.nominal == 3);
  CHECK_STATUS(range.Read({0, 3}, &batch), Code::kOutOfRange, "record 3 of 3 from record 7 on");
}

}  // namespace
}  // namespace paceline::worker
