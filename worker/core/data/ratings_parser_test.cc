#include "worker/core/data/ratings_parser.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

TEST_CASE("users and items are the keys, ratings the labels") {
  const RatingsParser parser(',', {});
  CHECK_FALSE(parser.dense());
  CHECK(parser.fields() == 2);
  CHECK(parser.columns() == 0);
  CHECK(parser.features() == 0);
  Batch batch;
  batch.fields = 2;
  REQUIRE_OK(parser.Append("3,17,4.5", &batch));
  REQUIRE_OK(parser.Append(" 0 , 1099511627775 , -1 ,964982703", &batch));
  CHECK(batch.indices == std::vector<uint64_t>{3, 17, 0, 1099511627775});
  CHECK(batch.labels == std::vector<float>{4.5, -1});
  CHECK(batch.offsets.empty());
  CHECK(batch.values.empty());
  CHECK(batch.dense_values.empty());
}

TEST_CASE("other delimiters") {
  Batch batch;
  CHECK_OK(RatingsParser('\t', {}).Append("1\t2\t3\t4", &batch));
  CHECK_OK(RatingsParser(' ', {}).Append("1 2 3", &batch));
  CHECK(batch.size() == 2);
}

TEST_CASE("bad ratings say why and leave the batch as it was") {
  RecordLimits limits;
  limits.features = 100;
  const RatingsParser parser(',', limits);
  Batch batch;
  REQUIRE_OK(parser.Append("99,98,1", &batch));
  const std::pair<std::string, std::string> cases[] = {
      {"", "column 0 (user): a whole number from 0 to 99 expected, got \"\""},
      {"1,2", "user, item and rating separated by \",\" expected, got \"1,2\""},
      {"1;2;3", "column 0 (user): a whole number from 0 to 99 expected, got \"1;2;3\""},
      {"-1,2,3", "column 0 (user): a whole number from 0 to 99 expected, got \"-1\""},
      {"1,2.5,3", "column 1 (item): a whole number from 0 to 99 expected, got \"2.5\""},
      {"1,,3", "column 1 (item): a whole number from 0 to 99 expected, got \"\""},
      {"1,100,3", "column 1 (item): a whole number from 0 to 99 expected, got \"100\""},
      {"1,99999999999999999999,3", "column 1 (item): a whole number from 0 to 99 expected"},
      {"1,2,good", "column 2 (rating): a number expected, got \"good\""},
      {"1,2,inf", "column 2 (rating): a finite float32 number expected, got \"inf\""},
  };
  for (const auto& [text, reason] : cases) {
    CAPTURE(text);
    CHECK_STATUS(parser.Append(text, &batch), absl::StatusCode::kInvalidArgument, reason);
    CHECK(batch.labels.size() == 1);
    CHECK(batch.indices.size() == 2);
  }
  CHECK_STATUS(RatingsParser(',', {}).Append("1099511627776,0,1", &batch),
               absl::StatusCode::kInvalidArgument, "a whole number from 0 to 1099511627775");
}

}  // namespace
}  // namespace paceline::worker
