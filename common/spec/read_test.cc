#include "common/spec/read.h"

#include <catch2/catch.hpp>
#include <string>

namespace paceline {
namespace {

std::string Read(const std::string& yaml) {
  std::string all;
  for (const Problem& problem : ReadSpec(yaml, SpecFormat::kYaml, "/home/me").problems) {
    all += ToString(problem, "job.yaml") + "\n";
  }
  return all;
}

TEST_CASE("a good job file is resolved, filled in and valid") {
  const ParsedSpec parsed = ReadSpec(
      "name: a\nmodel: {kind: linear}\ndata: {train: {path: x.csv, format: csv}}\n"
      "train: {epochs: 2}\n",
      SpecFormat::kYaml, "/home/me");
  CHECK(parsed.problems.empty());
  CHECK(parsed.spec.data().train().path() == "/home/me/x.csv");
  CHECK(parsed.spec.train().global_batch() == 256);
}

TEST_CASE("problems carry lines and stand in their order") {
  CHECK(Read("name: a\n"
             "train:\n"
             "  epochs: 1\n"
             "  iterations: 1\n"
             "  optimizer:\n"
             "    learning_rate: -1\n"
             "model:\n"
             "  kind: linear\n"
             "  hidden: [4]\n"
             "resources: {worker: 3}\n") ==
        "job.yaml:3: train.epochs: epochs (1) and iterations (1) are both given; one of them "
        "expected\n"
        "job.yaml:6: train.optimizer.learning_rate: a number greater than 0 and at most 1000000 "
        "expected, got -1\n"
        "job.yaml:9: model.hidden: allowed only with model.kind mlp, cnn, wide_deep, deepfm or "
        "dcn\n"
        "job.yaml:10: resources.worker: unknown key; did you mean `workers`?\n"
        "job.yaml: data.train: the data to train on expected, got none\n");
}

TEST_CASE("what could not be read is not missed as well") {
  CHECK(Read("name: a\nmodel: {kind: liner}\ndata: {train: {path: x, format: csv}}\n"
             "train: {epochs: 1}\n") ==
        "job.yaml:2: model.kind: linear | logistic | softmax | mlp | fm | counting | layers | "
        "cnn | lm | mf | kmeans | wide_deep | deepfm | dcn | library expected, got liner; did you "
        "mean `linear`?\n");
  CHECK(Read("name: a\nmodel: {kind: linear}\ndata: nowhere\ntrain: {epochs: 1}\n") ==
        "job.yaml:3: data: a map of fields (such as `scale: ...`) expected, got nowhere\n");
  CHECK(Read("a: [") == "job.yaml: line 1: end of sequence flow not found\n");
}

}  // namespace
}  // namespace paceline
