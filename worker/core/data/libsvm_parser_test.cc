#include "worker/core/data/libsvm_parser.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;

Batch EmptyCsr() {
  Batch batch;
  batch.offsets.push_back(0);
  return batch;
}

TEST_CASE("good libsvm records") {
  struct Case {
    std::string text;
    float label;
    std::vector<uint64_t> indices;
    std::vector<float> values;
  };
  const Case cases[] = {
      {"1 3:0.5 7:2", 1, {2, 6}, {0.5f, 2}},
      {"-1 1:1", -1, {0}, {1}},
      {"+1 1:-1e-3 2:+4", 1, {0, 1}, {-1e-3f, 4}},
      {"0", 0, {}, {}},
      {"  2.5\t 1:1\t\t5:0  ", 2.5f, {0, 4}, {1, 0}},
      {"1 1:1 # a comment 2:x", 1, {0}, {1}},
      {"1#", 1, {}, {}},
      {"1 18446744073709551614:1", 1, {18446744073709551613u}, {1}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    Batch batch = EmptyCsr();
    REQUIRE_OK(LibsvmParser(RecordLimits{}).Append(c.text, &batch));
    CHECK(batch.labels == std::vector<float>{c.label});
    CHECK(batch.indices == c.indices);
    CHECK(batch.values == c.values);
    CHECK(batch.offsets == std::vector<uint64_t>{0, c.indices.size()});
  }
}

TEST_CASE("bad libsvm records say why and leave the batch as it was") {
  struct Case {
    std::string text;
    std::string reason;
  };
  const Case cases[] = {
      {"", "label: a number expected, got an empty field"},
      {"x 1:1", "label: a number expected, got \"x\""},
      {"1:1", "label: a number expected, got \"1:1\""},
      {"1,2 1:1", "label: a number expected, got \"1,2\""},
      {"nan 1:1", "label: a finite float32 number expected, got \"nan\""},
      {"1e99 1:1", "label: a finite float32 number expected, got \"1e99\""},
      {"1 0:1", "index 0: libsvm indices count from 1"},
      {"1 3:1 2:1", "index 2 after 3: ascending indices expected"},
      {"1 3:1 3:1", "index 3 after 3: ascending indices expected"},
      {"1 1:inf", "value of index 1: a finite float32 number expected, got \"inf\""},
      {"1 1:-nan", "value of index 1: a finite float32 number expected, got \"-nan\""},
      {"1 1:1e39", "value of index 1: a finite float32 number expected, got \"1e39\""},
      {"1 1:", "value of index 1: a number expected, got an empty field"},
      {"1 1: 2", "value of index 1: a number expected, got an empty field"},
      {"1 1:2x", "value of index 1: a number expected, got \"2x\""},
      {"1 1 :2", "index:value expected, with an index from 1 to 2^64 - 2, got \"1\""},
      {"1 a:2", "got \"a:2\""},
      {"1 -1:2", "got \"-1:2\""},
      {"1 1.5:2", "got \"1.5:2\""},
      {"1 qid:3 1:1", "got \"qid:3\""},
      {"1 18446744073709551615:1", "got \"18446744073709551615:1\""},
      {"1 99999999999999999999:1", "got \"99999999999999999999:1\""},
      {"1 5", "got \"5\""},
      {std::string("1 1:1\0", 6), "value of index 1: a number expected, got \"1\\x00\""},
      {"\xEF\xBF\xBE 1:1", "label: a number expected, got \"\\xef\\xbf\\xbe\""},
      {"1 2:1 11:1", "index 11: at most 10 features expected"},
      {"1 1:2e38", "value of index 1: not finite after scaling by 4"},
      {"3 1:1", "label 3: an integer from 0 to 2 expected"},
      {"-1 1:1", "label -1: an integer from 0 to 2 expected"},
      {"0.5 1:1", "label 0.5: an integer from 0 to 2 expected"},
  };
  RecordLimits limits;
  limits.features = 10;
  limits.scale = 4;
  limits.classes = 3;
  for (const Case& c : cases) {
    CAPTURE(c.text);
    Batch batch = EmptyCsr();
    REQUIRE_OK(LibsvmParser(limits).Append("1 2:3", &batch));
    const bool limited = c.text != "1 18446744073709551615:1";
    CHECK_STATUS(LibsvmParser(limited ? limits : RecordLimits{}).Append(c.text, &batch),
                 Code::kInvalidArgument, c.reason);
    CHECK(batch.labels == std::vector<float>{1});
    CHECK(batch.indices == std::vector<uint64_t>{1});
    CHECK(batch.values == std::vector<float>{12});
    CHECK(batch.offsets == std::vector<uint64_t>{0, 1});
  }
}

TEST_CASE("limits are inclusive") {
  RecordLimits limits;
  limits.features = 10;
  limits.classes = 3;
  Batch batch = EmptyCsr();
  CHECK_OK(LibsvmParser(limits).Append("2 10:1", &batch));
  CHECK_OK(LibsvmParser(limits).Append("0", &batch));
  CHECK(batch.size() == 2);
}

TEST_CASE("written records read back") {
  std::mt19937_64 random(5);
  const LibsvmParser parser{RecordLimits{}};
  Batch batch = EmptyCsr();
  Batch naive = EmptyCsr();
  for (int record = 0; record < 2000; ++record) {
    const float label = static_cast<float>(random() % 5);
    std::string text = absl::StrCat(label);
    uint64_t index = 0;
    for (uint64_t left = random() % 20; left > 0; --left) {
      index += 1 + random() % 1000;
      const float value = static_cast<float>(static_cast<int>(random() % 20001) - 10000) / 64;
      absl::StrAppend(&text, " ", index, ":", value);
      naive.indices.push_back(index - 1);
      naive.values.push_back(value);
    }
    naive.labels.push_back(label);
    naive.offsets.push_back(naive.indices.size());
    REQUIRE_OK(parser.Append(text, &batch));
  }
  CHECK(batch.labels == naive.labels);
  CHECK(batch.offsets == naive.offsets);
  CHECK(batch.indices == naive.indices);
  CHECK(batch.values.size() == naive.values.size());
  // absl prints six digits.
  for (size_t i = 0; i < naive.values.size(); ++i) {
    REQUIRE(batch.values[i] == Approx(naive.values[i]).epsilon(1e-5));
  }
}

TEST_CASE("random bytes are read or refused, never more") {
  std::mt19937_64 random(6);
  const std::string alphabet = "0123456789:.-+eE #\tnaif\"\x01\xff,";
  Batch batch = EmptyCsr();
  uint64_t good = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (uint64_t left = random() % 12; left > 0; --left) {
      text.push_back(alphabet[random() % alphabet.size()]);
    }
    if (LibsvmParser(RecordLimits{}).Append(text, &batch).ok()) ++good;
    if (batch.size() != good || batch.offsets.size() != good + 1 ||
        batch.offsets.back() != batch.indices.size() ||
        batch.indices.size() != batch.values.size()) {
      CAPTURE(text);
      FAIL("the batch is torn");
    }
  }
  CHECK(good > 0);
}

}  // namespace
}  // namespace paceline::worker
