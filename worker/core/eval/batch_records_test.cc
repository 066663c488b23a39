#include "worker/core/eval/batch_records.h"

#include <catch2/catch.hpp>

namespace paceline::worker {
namespace {

// Of records that all have as many dense values.
class Wide final : public Dataset {
 public:
  explicit Wide(uint64_t values) : values_(values) {}
  uint64_t records() const override { return 1000; }
  uint64_t features() const override { return values_; }
  uint32_t classes() const override { return 0; }
  uint64_t dense_values() const override { return values_; }
  uint64_t bad_records() const override { return 0; }
  absl::Status Read(absl::Span<const uint64_t>, Batch*) override { return absl::OkStatus(); }

 private:
  const uint64_t values_;
};

TEST_CASE("an evaluation reads fewer records at once where they are wide") {
  CHECK(EvaluationBatchRecords(Wide(0)) == 512);
  CHECK(EvaluationBatchRecords(Wide(784)) == 512);
  CHECK(EvaluationBatchRecords(Wide(1 << 17)) == 512);
  CHECK(EvaluationBatchRecords(Wide((1 << 17) + 1)) == 511);
  CHECK(EvaluationBatchRecords(Wide(3 << 20)) == 21);
  CHECK(EvaluationBatchRecords(Wide(uint64_t{1} << 26)) == 1);
  CHECK(EvaluationBatchRecords(Wide(uint64_t{1} << 40)) == 1);
}

}  // namespace
}  // namespace paceline::worker
