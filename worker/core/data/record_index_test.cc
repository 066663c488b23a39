#include "worker/core/data/record_index.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/hash.h"
#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;

RecordIndex Sample() {
  RecordIndexBuilder builder;
  builder.AddGood(0, 1, 7);
  builder.AddBad(10, 2, "why");
  builder.AddGood(30, 3, 5);
  return builder.Finish(44);
}

TEST_CASE("an index of three records") {
  const RecordIndex index = Sample();
  CHECK(index.records == 3);
  CHECK(index.features == 7);
  CHECK(index.classes == 4);
  CHECK(index.stride == 1);
  CHECK(index.offsets == std::vector<uint64_t>{0, 10, 30});
  CHECK(index.bad == std::vector<uint64_t>{1});
  CHECK(index.shown_bad == std::vector<BadRecord>{{1, 2, "why"}});
  CHECK(index.IsBad(1));
  CHECK_FALSE(index.IsBad(2));
  CHECK(index.GroupBegin(1) == 10);
  CHECK(index.GroupEnd(1) == 30);
  CHECK(index.GroupEnd(2) == 44);
}

TEST_CASE("classes are counted when all labels are class numbers") {
  struct Case {
    std::vector<float> labels;
    uint32_t classes;
  };
  const Case cases[] = {
      {{0, 1}, 2},        {{0}, 1},        {{9, 3}, 10}, {{-1, 1}, 0},
      {{0.5f}, 0},        {{}, 0},         {{-0.0f}, 1}, {{16777216.0f}, 16777217},
      {{16777218.0f}, 0}, {{0, 1e30f}, 0},
  };
  for (const Case& c : cases) {
    RecordIndexBuilder builder;
    builder.AddBad(0, 1, "bad labels do not count");
    for (const float label : c.labels) builder.AddGood(0, label, 1);
    CHECK(builder.Finish(1).classes == c.classes);
  }
}

TEST_CASE("only the first ten bad records are shown, all are known") {
  RecordIndexBuilder builder;
  for (uint64_t i = 0; i < 25; ++i) builder.AddBad(i, i + 1, absl::StrCat("r", i));
  const RecordIndex index = builder.Finish(25);
  CHECK(index.bad.size() == 25);
  CHECK(index.shown_bad.size() == 10);
  CHECK(index.shown_bad.back() == BadRecord{9, 10, "r9"});
}

TEST_CASE("the number of offsets is bounded, and every record lies in its group") {
  std::mt19937_64 random(9);
  for (const uint64_t max_offsets : {1, 2, 3, 8, 100}) {
    for (const uint64_t records : {0, 1, 2, 3, 7, 8, 9, 100, 1000}) {
      CAPTURE(max_offsets, records);
      RecordIndexBuilder builder(max_offsets);
      std::vector<uint64_t> offsets;
      uint64_t offset = 0;
      for (uint64_t i = 0; i < records; ++i) {
        offsets.push_back(offset);
        builder.AddGood(offset, 0, 1);
        offset += 1 + random() % 9;
      }
      const RecordIndex index = builder.Finish(offset);
      REQUIRE(index.records == records);
      REQUIRE(index.offsets.size() <= max_offsets);
      for (uint64_t i = 0; i < records; ++i) {
        const uint64_t first = i / index.stride * index.stride;
        REQUIRE(index.GroupBegin(i) == offsets[first]);
        REQUIRE(index.GroupEnd(i) ==
                (first + index.stride < records ? offsets[first + index.stride] : offset));
      }
      REQUIRE_OK_AND_ASSIGN(const RecordIndex again,
                            DecodeRecordIndex(EncodeRecordIndex(index, "k"), "k"));
      REQUIRE(again == index);
    }
  }
}

TEST_CASE("an index file that is damaged in any bit or length is refused") {
  const std::string bytes = EncodeRecordIndex(Sample(), "the key");
  REQUIRE_OK_AND_ASSIGN(const RecordIndex index, DecodeRecordIndex(bytes, "the key"));
  CHECK(index == Sample());
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_STATUS(DecodeRecordIndex(bytes.substr(0, size), "the key"), Code::kDataLoss, "index");
  }
  REQUIRE_STATUS(DecodeRecordIndex(bytes + "x", "the key"), Code::kDataLoss, "checksum");
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    REQUIRE_STATUS(DecodeRecordIndex(damaged, "the key"), Code::kDataLoss, "index");
  }
}

TEST_CASE("an index for another key is refused") {
  CHECK_STATUS(DecodeRecordIndex(EncodeRecordIndex(Sample(), "old"), "new"),
               Code::kFailedPrecondition, "record index for new expected, got one for old");
}

TEST_CASE("an index with a right checksum and wrong contents is refused") {
  const auto broken = [](auto change) {
    RecordIndex index = Sample();
    change(&index);
    return EncodeRecordIndex(index, "k");
  };
  const std::string cases[] = {
      broken([](RecordIndex* i) { i->stride = 0; }),
      broken([](RecordIndex* i) { i->stride = 3; }),
      broken([](RecordIndex* i) { i->records = 4; }),
      broken([](RecordIndex* i) { i->offsets.pop_back(); }),
      broken([](RecordIndex* i) { i->offsets[2] = 5; }),
      broken([](RecordIndex* i) { i->file_bytes = 20; }),
      broken([](RecordIndex* i) { i->bad = {3}; }),
      broken([](RecordIndex* i) {
        i->bad = {2, 1};
      }),
      broken([](RecordIndex* i) { i->shown_bad.clear(); }),
  };
  for (const std::string& bytes : cases) {
    CHECK_STATUS(DecodeRecordIndex(bytes, "k"), Code::kDataLoss, "inconsistent");
  }
  // Lengths that claim more than there is.
  std::string bytes = EncodeRecordIndex(Sample(), "k");
  for (size_t at = 8; at + 16 <= bytes.size(); ++at) {
    std::string damaged = bytes.substr(0, bytes.size() - 8);
    std::memset(&damaged[at], 0xff, 8);
    const uint64_t hash = HashBytes(damaged);
    damaged.append(reinterpret_cast<const char*>(&hash), sizeof(hash));
    DecodeRecordIndex(damaged, "k").IgnoreError();  // must only not crash
  }
}

}  // namespace
}  // namespace paceline::worker
