#include "common/spec/reference.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "common/spec/read.h"

namespace paceline {
namespace {

TEST_CASE("the committed reference is the generated one") {
  std::ifstream file("docs/job-spec.md");
  REQUIRE(file.good());
  std::ostringstream committed;
  committed << file.rdbuf();
  INFO("bazel run //common/spec:write_reference > docs/job-spec.md");
  CHECK((committed.str() == JobSpecMarkdown()));
}

TEST_CASE("the example of the reference is a valid job") {
  const ParsedSpec parsed = ReadSpec(ExampleJob(), SpecFormat::kYaml, "/home/me");
  CHECK(ToStatus(parsed.problems).message() == "");
}

TEST_CASE("explain prints the proto's comments") {
  const auto rate = Explain("job.train.optimizer.learning_rate");
  REQUIRE(rate.ok());
  CHECK(*rate ==
        "train.optimizer.learning_rate: a number greater than 0 and at most 1000000\n"
        "  Step size (ftrl: alpha). Greater than 0. Default: 0.01.\n");
  const auto optimizer = Explain("train.optimizer");
  REQUIRE(optimizer.ok());
  CHECK(absl::StartsWith(*optimizer,
                         "train.optimizer: a map\n  The update rule that servers apply.\n"));
  CHECK(absl::StrContains(*optimizer, "\n  clip_norm: a number of at least 0\n"));
  CHECK(absl::StrContains(*Explain("train.optimizer.kind"), "g; never scaled, clipped or decayed"));
  CHECK(absl::StartsWith(*Explain("job"), "job: a map\n  A training job"));
  CHECK(*Explain("") == *Explain("job"));
  CHECK(absl::StartsWith(*Explain("model.hidden"),
                         "model.hidden: a list; each: a whole number from 1 to 65536\n"));
}

TEST_CASE("explain knows its limits") {
  CHECK(Explain("train.optimiser").status() ==
        absl::NotFoundError("train.optimiser: no field `optimiser`; did you mean `optimizer`?"));
  CHECK(Explain("resources.zzz").status() ==
        absl::NotFoundError(
            "resources.zzz: no field `zzz`; known here: workers, servers, device, gpu_memory"));
  CHECK(Explain("name.first").status() ==
        absl::NotFoundError("name.first: `name` holds a value and has no fields"));
}

}  // namespace
}  // namespace paceline
