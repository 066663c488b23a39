#include "worker/gpu/models/key_groups.h"

#include <catch2/catch.hpp>

namespace paceline::worker {
namespace {

// Two embedded fields and a third one.
Batch ByFields() {
  Batch batch;
  batch.fields = 3;
  batch.labels = {1, 0, 1};
  batch.indices = {7, 2, 9, 2, 7, 2, 7, 5, 9};
  return batch;
}

TEST_CASE("keys are grouped over all fields, their places in order") {
  const KeyGroups all = GroupByKey(ByFields(), 3);
  CHECK(all.keys == std::vector<uint64_t>{2, 5, 7, 9});
  CHECK(all.offsets == std::vector<uint32_t>{0, 3, 4, 7, 9});
  CHECK(all.places == std::vector<uint32_t>{1, 3, 5, 7, 0, 4, 6, 2, 8});
}

TEST_CASE("keys of the first fields are grouped without the others") {
  const KeyGroups some = GroupByKey(ByFields(), 2);
  CHECK(some.keys == std::vector<uint64_t>{2, 5, 7});
  CHECK(some.offsets == std::vector<uint32_t>{0, 2, 3, 6});
  CHECK(some.places == std::vector<uint32_t>{1, 2, 5, 0, 3, 4});
}

TEST_CASE("a batch without records has no groups") {
  const KeyGroups none = GroupByKey(Batch(), 2);
  CHECK(none.keys.empty());
  CHECK(none.offsets == std::vector<uint32_t>{0});
  CHECK(KeysInBlocks(Batch(), 2).empty());
}

TEST_CASE("keys of the first fields lie before those of the others") {
  CHECK(KeysInBlocks(ByFields(), 2) == std::vector<uint64_t>{7, 2, 2, 7, 7, 5, 9, 2, 9});
  CHECK(KeysInBlocks(ByFields(), 3) == ByFields().indices);
}

}  // namespace
}  // namespace paceline::worker
