#include "common/json/proto_json.h"

#include <catch2/catch.hpp>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("JSON names fields as the proto does and prints defaults") {
  v1::SubmitJobResponse response;
  CHECK(ProtoToJson(response, JsonLayout::kOneLine) == R"({"job_id":"0"})");
  response.set_job_id(~0ULL);
  CHECK(ProtoToJson(response, JsonLayout::kIndented) ==
        "{\n \"job_id\": \"18446744073709551615\"\n}");
}

TEST_CASE("a run summary always has its eval object and plain numbers") {
  v1::RunSummary summary;
  summary.set_iterations(200);
  const std::string json = SummaryToJson(summary, JsonLayout::kOneLine);
  CHECK(json.find("\"eval\":{}") != std::string::npos);
  CHECK(json.find("\"iterations\":200,") != std::string::npos);
  summary.mutable_eval()->set_accuracy(0.5);
  CHECK(SummaryToJson(summary, JsonLayout::kOneLine).find("\"eval\":{\"accuracy\":0.5}") !=
        std::string::npos);
}

TEST_CASE("JSON is read back") {
  v1::RunSummary summary;
  summary.set_job_id("7");
  summary.mutable_eval()->set_auc(0.25);
  v1::RunSummary read;
  REQUIRE_OK(JsonToProto(SummaryToJson(summary, JsonLayout::kIndented), &read));
  CHECK(read.job_id() == "7");
  CHECK(read.eval().auc() == 0.25);
  CHECK_STATUS(JsonToProto("{", &read), absl::StatusCode::kInvalidArgument, "RunSummary as JSON");
  CHECK_STATUS(JsonToProto("{\"zzz\":1}", &read), absl::StatusCode::kInvalidArgument, "zzz");
}

}  // namespace
}  // namespace paceline
