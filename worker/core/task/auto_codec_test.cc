#include "worker/core/task/auto_codec.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline::worker {
namespace {

constexpr AutoCodecOptions kOptions = {.window = 4, .stay = 2, .most_stay = 8};

// A link on which a transfer takes `wait`, and a MB of float32 `per_mb`; bf16 half of it.
struct Link {
  absl::Duration wait;
  absl::Duration per_mb;
  absl::Duration compute = absl::Milliseconds(10);

  bool Iterate(AutoCodec* codec) const {
    const double mb = codec->codec() == v1::CODEC_FLOAT32 ? 1 : 0.5;
    return codec->Add(static_cast<uint64_t>(mb * 1e6), wait + mb * per_mb, compute);
  }
};

// Iterations until the next decision.
int Decide(const Link& link, AutoCodec* codec) {
  for (int i = 1; i <= 1000; ++i) {
    if (link.Iterate(codec)) return i;
  }
  return -1;
}

const Link kSlow = {.wait = absl::Milliseconds(1), .per_mb = absl::Milliseconds(80)};
const Link kFast = {.wait = absl::Milliseconds(1), .per_mb = absl::Microseconds(100)};

TEST_CASE("both are tried, then a slow link gets bf16 and a fast one float32") {
  for (const bool slow : {true, false}) {
    AutoCodec codec(kOptions);
    CHECK(codec.codec() == v1::CODEC_FLOAT32);
    CHECK(Decide(slow ? kSlow : kFast, &codec) == 8);
    CHECK(codec.codec() == (slow ? v1::CODEC_BF16 : v1::CODEC_FLOAT32));
    CHECK(codec.chosen() == codec.codec());
  }
}

TEST_CASE("the medians and the rate of a decision can be told") {
  AutoCodec codec(kOptions);
  Decide(kSlow, &codec);
  CHECK(codec.float32_transfer() == absl::Milliseconds(81));
  CHECK(codec.bf16_transfer() == absl::Milliseconds(41));
  CHECK(codec.rate() == Approx(0.5e6 / 0.041));
  CHECK(codec.decisions() == 1);
}

TEST_CASE("one slow call says nothing") {
  AutoCodec codec(kOptions);
  for (int i = 0; i < 8; ++i) {
    codec.Add(1000, absl::Milliseconds(i == 1 ? 5000 : 1), absl::Milliseconds(10));
  }
  CHECK(codec.chosen() == v1::CODEC_FLOAT32);
}

TEST_CASE("transfers that are nothing beside the computation are left as they are") {
  AutoCodec codec(kOptions);
  const Link link = {.wait = absl::ZeroDuration(),
                     .per_mb = absl::Milliseconds(3),
                     .compute = absl::Milliseconds(200)};
  Decide(link, &codec);
  CHECK(codec.chosen() == v1::CODEC_FLOAT32);
}

TEST_CASE("a choice that stands is doubted less and less often") {
  AutoCodec codec(kOptions);
  CHECK(Decide(kSlow, &codec) == 8);
  // Two windows of it, one of the other; then four and one, eight and one.
  CHECK(Decide(kSlow, &codec) == 12);
  CHECK(Decide(kSlow, &codec) == 20);
  CHECK(Decide(kSlow, &codec) == 36);
  CHECK(Decide(kSlow, &codec) == 36);
  CHECK(codec.chosen() == v1::CODEC_BF16);
}

TEST_CASE("a link that changes is noticed, and the choice doubted early again") {
  AutoCodec codec(kOptions);
  Decide(kSlow, &codec);
  Decide(kSlow, &codec);
  CHECK(Decide(kFast, &codec) == 20);
  CHECK(codec.chosen() == v1::CODEC_FLOAT32);
  CHECK(Decide(kSlow, &codec) == 12);
  CHECK(codec.chosen() == v1::CODEC_BF16);
}

TEST_CASE("a gain between the two thresholds keeps what is there") {
  // Saves 7 % of the transfer.
  const Link middling = {.wait = absl::Milliseconds(86), .per_mb = absl::Milliseconds(14)};
  AutoCodec from_float32(kOptions);
  Decide(middling, &from_float32);
  CHECK(from_float32.chosen() == v1::CODEC_FLOAT32);
  AutoCodec from_bf16(kOptions);
  Decide(kSlow, &from_bf16);
  Decide(middling, &from_bf16);
  CHECK(from_bf16.chosen() == v1::CODEC_BF16);
}

}  // namespace
}  // namespace paceline::worker
