#include "common/spec/nearest.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace paceline {
namespace {

TEST_CASE("edit distance counts insertions, deletions, substitutions and swaps") {
  CHECK(EditDistance("", "") == 0);
  CHECK(EditDistance("epochs", "epochs") == 0);
  CHECK(EditDistance("epoch", "epochs") == 1);
  CHECK(EditDistance("epocsh", "epochs") == 1);
  CHECK(EditDistance("apochs", "epochs") == 1);
  CHECK(EditDistance("", "abc") == 3);
  CHECK(EditDistance("learning-rate", "Learning_Rate") == 0);
  CHECK(EditDistance(std::string(65, 'a'), std::string(65, 'a')) == 65);
}

TEST_CASE("the nearest name is found only when it is near") {
  const std::vector<std::string> names = {"kind", "learning_rate", "momentum", "l1", "l2"};
  CHECK(Nearest("lerning_rate", names) == "learning_rate");
  CHECK(Nearest("learningRate", names) == "learning_rate");
  CHECK(Nearest("momentun", names) == "momentum");
  CHECK(Nearest("zebra", names).empty());
  CHECK(Nearest("xy", names).empty());
  CHECK(Nearest("l3", names) == "l1");
  CHECK(Nearest("anything", {}).empty());
}

}  // namespace
}  // namespace paceline
