#include "worker/core/task/residuals.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"

namespace paceline::worker {
namespace {

constexpr ResidualRule kTopK = {.codec = v1::CODEC_TOPK, .ratio = 0.25, .momentum = 0};
constexpr ResidualRule kDgc = {.codec = v1::CODEC_TOPK, .ratio = 0.25, .momentum = 0.5};
constexpr ResidualRule kOneBit = {.codec = v1::CODEC_ONEBIT, .ratio = 0, .momentum = 0};

// What a server applies.
std::vector<float> Decoded(const ResidualRule& rule, const EncodedShard& encoded, size_t count) {
  std::vector<float> values(count);
  if (rule.codec == v1::CODEC_TOPK) {
    REQUIRE(encoded.bytes->size() == IndexedBytes(encoded.kept));
    REQUIRE(ReadIndexed(encoded.bytes->data(), encoded.kept, absl::MakeSpan(values)));
  } else {
    REQUIRE(encoded.bytes->size() == EncodedBytes(rule.codec, count));
    Decode(rule.codec, encoded.bytes->data(), absl::MakeSpan(values));
  }
  return values;
}

std::vector<float> Sent(Residuals* residuals, const ResidualRule& rule, uint64_t iteration,
                        const std::vector<float>& gradient) {
  return Decoded(rule, residuals->Encode(rule, 0, iteration, gradient), gradient.size());
}

TEST_CASE("what is not sent is added to the next gradient") {
  Residuals residuals;
  CHECK(Sent(&residuals, kTopK, 0, {1, 4, -2, 3}) == std::vector<float>{0, 4, 0, 0});
  // Held: 1 0 -2 3.
  CHECK(Sent(&residuals, kTopK, 1, {0, 1, -2, 0}) == std::vector<float>{0, 0, -4, 0});
  CHECK(Sent(&residuals, kTopK, 2, {0, 0, 0, 0}) == std::vector<float>{0, 0, 0, 3});
  CHECK(Sent(&residuals, kTopK, 3, {0, 0, 0, 0}) == std::vector<float>{1, 0, 0, 0});
  CHECK(Sent(&residuals, kTopK, 4, {0, 0, 0, 0}) == std::vector<float>{0, 1, 0, 0});
  const EncodedShard nothing = residuals.Encode(kTopK, 0, 5, std::vector<float>(4, 0));
  CHECK(nothing.kept == 0);
  CHECK(nothing.bytes->empty());
}

TEST_CASE("everything arrives in the end, once") {
  std::mt19937 random(3);
  for (const ResidualRule& rule : {kTopK, kOneBit}) {
    Residuals residuals;
    std::vector<double> pushed(600);
    std::vector<double> arrived(600);
    for (uint64_t t = 0; t < 50; ++t) {
      std::vector<float> gradient(600);
      // Small whole numbers: topk's sums are exact.
      for (size_t i = 0; i < gradient.size(); ++i) {
        gradient[i] = static_cast<float>(static_cast<int>(random() % 9) - 4);
        pushed[i] += gradient[i];
      }
      const std::vector<float> sent = Sent(&residuals, rule, t, gradient);
      for (size_t i = 0; i < sent.size(); ++i) arrived[i] += sent[i];
    }
    // What is still held.
    for (uint64_t t = 50; t < 1000; ++t) {
      const std::vector<float> sent = Sent(&residuals, rule, t, std::vector<float>(600, 0));
      for (size_t i = 0; i < sent.size(); ++i) arrived[i] += sent[i];
    }
    for (size_t i = 0; i < pushed.size(); ++i) {
      CAPTURE(v1::Codec_Name(rule.codec), i);
      REQUIRE(arrived[i] == Approx(pushed[i]).margin(rule.codec == v1::CODEC_TOPK ? 0 : 0.1));
    }
  }
}

TEST_CASE("momentum is of what is left behind, and ends where it is sent") {
  Residuals residuals;
  std::vector<float> u(8, 0);
  std::vector<float> v(8, 0);
  std::mt19937 random(5);
  for (uint64_t t = 0; t < 30; ++t) {
    std::vector<float> gradient(8);
    for (float& g : gradient) g = static_cast<float>(static_cast<int>(random() % 100) - 50);
    std::vector<std::pair<float, size_t>> order;
    for (size_t i = 0; i < 8; ++i) {
      u[i] = 0.5f * u[i] + gradient[i];
      v[i] += u[i];
      order.emplace_back(-std::fabs(v[i]), i);
    }
    std::sort(order.begin(), order.end());
    std::vector<float> want(8, 0);
    for (size_t k = 0; k < 2; ++k) {
      const size_t i = order[k].second;
      want[i] = v[i];
      u[i] = v[i] = 0;
    }
    CAPTURE(t);
    REQUIRE(Sent(&residuals, kDgc, t, gradient) == want);
  }
}

TEST_CASE("an iteration that is done anew sends the same bytes, whatever its gradient is now") {
  for (const ResidualRule& rule : {kTopK, kDgc, kOneBit}) {
    CAPTURE(v1::Codec_Name(rule.codec), rule.momentum);
    Residuals once;
    Residuals again;
    for (uint64_t t = 0; t < 10; ++t) {
      const auto f = static_cast<float>(t);
      const std::vector<float> gradient = {1 + f, -3, 2 * f, 0.5f, -f, 7, 1, 1};
      CHECK_FALSE(again.Holds(0, t));
      const EncodedShard first = again.Encode(rule, 0, t, gradient);
      CHECK(again.Holds(0, t));
      const EncodedShard second = again.Encode(rule, 0, t, std::vector<float>(8, 100));
      CHECK(*second.bytes == *first.bytes);
      CHECK(second.kept == first.kept);
      // And leaves the same behind.
      REQUIRE(*once.Encode(rule, 0, t, gradient).bytes == *first.bytes);
    }
    CHECK(again.bytes() == once.bytes());
  }
}

std::vector<float> Floats(const EncodedShard& flushed) {
  REQUIRE(flushed.codec == v1::CODEC_FLOAT32);
  REQUIRE(flushed.bytes != nullptr);
  std::vector<float> values(flushed.bytes->size() / sizeof(float));
  std::memcpy(values.data(), flushed.bytes->data(), flushed.bytes->size());
  return values;
}

TEST_CASE("a flush sends all there is, and leaves what a new task has") {
  const std::vector<float> gradient = {1, 4, -2, 3, 0, 0, 8, -8};
  for (const ResidualRule& rule : {kTopK, kDgc, kOneBit}) {
    CAPTURE(v1::Codec_Name(rule.codec), rule.momentum);
    Residuals residuals;
    std::vector<double> pushed(8);
    std::vector<double> arrived(8);
    for (uint64_t t = 0; t < 5; ++t) {
      const std::vector<float> sent = Sent(&residuals, rule, t, gradient);
      for (size_t i = 0; i < 8; ++i) arrived[i] += sent[i];
    }
    const EncodedShard flushed = residuals.Flush(rule, 0, 5, gradient);
    const std::vector<float> last = Floats(flushed);
    for (size_t i = 0; i < 8; ++i) {
      pushed[i] = 6 * gradient[i];
      arrived[i] += last[i];
      // With momentum more arrives than the gradients themselves.
      if (rule.momentum == 0) CHECK(arrived[i] == Approx(pushed[i]).margin(1e-5));
    }
    CHECK(residuals.bytes() == 0);
    // Asked for again: the same bytes, whatever the gradient is now.
    CHECK(residuals.Holds(0, 5));
    CHECK(*residuals.Flush(rule, 0, 5, std::vector<float>(8, 100)).bytes == *flushed.bytes);
    CHECK(*residuals.Encode(rule, 0, 5, std::vector<float>(8, 100)).bytes == *flushed.bytes);
    CHECK(residuals.bytes() == 0);

    Residuals fresh;
    for (uint64_t t = 6; t < 12; ++t) {
      REQUIRE(*residuals.Encode(rule, 0, t, gradient).bytes ==
              *fresh.Encode(rule, 0, t, gradient).bytes);
    }
    CHECK(residuals.bytes() == fresh.bytes());
  }
}

TEST_CASE("a flush by momentum counts the last gradient as any other") {
  Residuals residuals;
  residuals.Encode(kDgc, 0, 0, std::vector<float>{1, 4, -2, 3});
  // u: 0.5 0 -1 1.5 + gradient; r: 1 0 -2 3 + u.
  CHECK(Floats(residuals.Flush(kDgc, 0, 1, std::vector<float>{1, 1, 1, 1})) ==
        std::vector<float>{2.5, 1, -2, 5.5});
  // Nothing of the momentum is left.
  CHECK(Floats(residuals.Flush(kDgc, 0, 2, std::vector<float>{1, 1, 1, 1})) ==
        std::vector<float>{1, 1, 1, 1});
}

TEST_CASE("a flush without a gradient sends what is left, once, and else nothing") {
  Residuals residuals;
  CHECK(residuals.Flush(kTopK, 0, 0, {}).bytes == nullptr);
  CHECK_FALSE(residuals.Holds(0, 0));
  residuals.Encode(kTopK, 0, 1, std::vector<float>{1, 4, -2, 3});
  const EncodedShard flushed = residuals.Flush(kTopK, 0, 2, {});
  CHECK(Floats(flushed) == std::vector<float>{1, 0, -2, 3});
  CHECK(*residuals.Flush(kTopK, 0, 2, {}).bytes == *flushed.bytes);
  CHECK(residuals.Flush(kTopK, 0, 3, {}).bytes == nullptr);
  // Behind the last iteration everything starts at zero.
  residuals.Encode(kTopK, 0, 4, std::vector<float>{1, 4, -2, 3});
  CHECK(residuals.Flush(kTopK, 0, 3, {}).bytes == nullptr);
}

TEST_CASE("shards have nothing to do with one another") {
  Residuals residuals;
  residuals.Encode(kTopK, 0, 0, std::vector<float>{1, 2, 3, 4});
  CHECK_FALSE(residuals.Holds(1, 0));
  const EncodedShard other = residuals.Encode(kTopK, 1, 0, std::vector<float>{5, 0, 0, 0});
  CHECK(Decoded(kTopK, other, 4) == std::vector<float>{5, 0, 0, 0});
  CHECK(residuals.bytes() == 2 * 4 * sizeof(float));
  residuals.Encode(kDgc, 2, 0, std::vector<float>{5, 0, 0, 0});
  CHECK(residuals.bytes() == 4 * 4 * sizeof(float));
}

TEST_CASE("a rollback starts at zero and says so, and so does a task that comes late") {
  Residuals residuals;
  CHECK_FALSE(residuals.Begin(1, 0));
  residuals.Encode(kTopK, 0, 0, std::vector<float>{1, 4, -2, 3});
  CHECK_FALSE(residuals.Begin(1, 1));
  CHECK(residuals.Holds(0, 0));
  CHECK(residuals.Begin(2, 1));
  CHECK_FALSE(residuals.Begin(2, 1));
  CHECK_FALSE(residuals.Holds(0, 0));
  CHECK(Sent(&residuals, kTopK, 1, {0, 0, 1, 0}) == std::vector<float>{0, 0, 1, 0});

  // To the beginning: nothing was left behind before it.
  CHECK_FALSE(residuals.Begin(3, 0));
  CHECK(residuals.bytes() == 0);

  Residuals late;
  CHECK(late.Begin(1, 5));
}

TEST_CASE("an iteration behind the last one starts at zero") {
  Residuals residuals;
  residuals.Encode(kTopK, 0, 7, std::vector<float>{1, 4, -2, 3});
  CHECK(Sent(&residuals, kTopK, 6, {0, 0, 1, 0}) == std::vector<float>{0, 0, 1, 0});
}

}  // namespace
}  // namespace paceline::worker
