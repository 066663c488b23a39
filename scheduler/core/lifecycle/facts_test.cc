#include "scheduler/core/lifecycle/facts.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::scheduler {
namespace {

TEST_CASE("what ranks must agree on, and what only bsp asks of them") {
  v1::TaskFacts first;
  first.set_records(100);
  first.set_features(10);
  first.set_device("cpu");
  first.set_numeric_class("avx2");
  first.add_tables()->set_name("w");
  CHECK_OK(CheckSameFacts(first, 1, first, v1::POLICY_BSP));

  struct Case {
    std::function<void(v1::TaskFacts*)> change;
    std::string message;
    bool bsp_only;
  };
  const std::vector<Case> cases = {
      {[](v1::TaskFacts* f) { f->set_records(90); },
       "ranks disagree on training records: rank 3 has 90, the first had 100", false},
      {[](v1::TaskFacts* f) { f->set_eval_records(5); }, "evaluation records", false},
      {[](v1::TaskFacts* f) { f->set_features(11); }, "features", false},
      {[](v1::TaskFacts* f) { f->set_classes(2); }, "classes", false},
      {[](v1::TaskFacts* f) { f->add_tables(); }, "the number of tables", false},
      {[](v1::TaskFacts* f) { f->mutable_tables(0)->set_rows(7); }, "table w", false},
      {[](v1::TaskFacts* f) { f->set_device("cuda"); }, "the device", true},
      {[](v1::TaskFacts* f) { f->set_numeric_class("avx512"); }, "the numeric class", true},
      {[](v1::TaskFacts* f) { f->set_numeric_class("avx2 library a.so-01"); },
       "ranks disagree on the model's library: rank 3 has a.so-01", false},
  };
  for (const Case& c : cases) {
    v1::TaskFacts other = first;
    c.change(&other);
    INFO(c.message);
    CHECK_STATUS(CheckSameFacts(first, 3, other, v1::POLICY_BSP),
                 absl::StatusCode::kFailedPrecondition, c.message);
    CHECK(CheckSameFacts(first, 3, other, v1::POLICY_ASP).ok() == c.bsp_only);
  }
}

}  // namespace
}  // namespace paceline::scheduler
