#include "common/spec/paths.h"

#include <catch2/catch.hpp>

namespace paceline {
namespace {

TEST_CASE("relative paths are meant from the job file's folder") {
  v1::JobSpec spec;
  spec.mutable_data()->mutable_train()->set_path("../data/./a.csv");
  spec.mutable_data()->mutable_train()->set_labels("b.idx");
  spec.mutable_data()->mutable_eval()->set_path("/absolute/c.csv");
  spec.mutable_checkpoint()->set_dir("cuts");
  spec.mutable_output()->set_tensorboard("../runs");
  ResolvePaths("/home/me/jobs", &spec);
  CHECK(spec.data().train().path() == "/home/me/data/a.csv");
  CHECK(spec.data().train().labels() == "/home/me/jobs/b.idx");
  CHECK(spec.data().eval().path() == "/absolute/c.csv");
  CHECK(spec.data().eval().labels().empty());
  CHECK(spec.checkpoint().dir() == "/home/me/jobs/cuts");
  CHECK(spec.output().tensorboard() == "/home/me/runs");
}

TEST_CASE("what is absent stays absent") {
  v1::JobSpec spec;
  ResolvePaths("/x", &spec);
  CHECK_FALSE(spec.has_data());
  CHECK_FALSE(spec.has_checkpoint());
  CHECK_FALSE(spec.has_output());
}

}  // namespace
}  // namespace paceline
