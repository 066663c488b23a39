#include "common/codec/codec.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/vector_targets.h"

namespace paceline {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::string Encoded(v1::Codec codec, const std::vector<float>& values) {
  // At an odd address.
  std::string bytes(1 + EncodedBytes(codec, values.size()), '\0');
  Encode(codec, values, bytes.data() + 1);
  return bytes;
}

std::vector<float> Decoded(v1::Codec codec, const std::string& bytes, size_t count) {
  std::vector<float> values(count);
  Decode(codec, bytes.data() + 1, absl::MakeSpan(values));
  return values;
}

std::vector<float> RoundTrip(v1::Codec codec, const std::vector<float>& values) {
  return Decoded(codec, Encoded(codec, values), values.size());
}

uint16_t Half(v1::Codec codec, float value) {
  const std::string bytes = Encoded(codec, {value});
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[1]) | static_cast<uint8_t>(bytes[2])
                                                                    << 8);
}

// Every kind of float: any bits at all.
std::vector<float> AnyFloats(size_t count) {
  std::mt19937 random(1);
  std::vector<float> values;
  for (size_t i = 0; i < count; ++i) {
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  }
  return values;
}

// The nearest of all values of 16 bits, ties to the even one.
float Nearest(v1::Codec codec, float value) {
  static std::vector<float> all[2];
  std::vector<float>& table = all[codec == v1::CODEC_FP16];
  if (table.empty()) {
    for (uint32_t half = 0; half < 0x8000; ++half) {
      const std::string bytes = {'\0', static_cast<char>(half), static_cast<char>(half >> 8)};
      const float decoded = Decoded(codec, bytes, 1)[0];
      if (decoded == kInfinity) break;
      table.push_back(decoded);
    }
  }
  const auto above = std::upper_bound(table.begin(), table.end(), std::fabs(value));
  const double magnitude = std::fabs(static_cast<double>(value));
  const auto below = above - 1;
  // One step past the largest would be the next power of two.
  const double next =
      above != table.end() ? *above : 2.0 * std::exp2(std::floor(std::log2(table.back())));
  const double down = magnitude - *below;
  const double up = next - magnitude;
  const bool even = (below - table.begin()) % 2 == 0;
  const float result =
      down < up || (down == up && even) ? *below : (above != table.end() ? *above : kInfinity);
  return std::signbit(value) ? -result : result;
}

TEST_CASE("sizes") {
  CHECK(EncodedBytes(v1::CODEC_FLOAT32, 300) == 1200);
  CHECK(EncodedBytes(v1::CODEC_BF16, 300) == 600);
  CHECK(EncodedBytes(v1::CODEC_FP16, 300) == 600);
  CHECK(EncodedBytes(v1::CODEC_INT8, 300) == 308);
  CHECK(EncodedBytes(v1::CODEC_INT8, 256) == 260);
  CHECK(EncodedBytes(v1::CODEC_INT8, 0) == 0);
  CHECK(EncodedBytes(v1::CODEC_ONEBIT, 300) == 2 * 8 + 38);
  CHECK(EncodedBytes(v1::CODEC_ONEBIT, 0) == 0);
}

TEST_CASE("what may be pushed and pulled") {
  for (const bool dense : {false, true}) {
    CAPTURE(dense);
    for (const v1::Codec plain :
         {v1::CODEC_FLOAT32, v1::CODEC_BF16, v1::CODEC_FP16, v1::CODEC_INT8}) {
      CHECK(IsPushCodec(plain, dense));
      CHECK(IsPullCodec(plain, dense));
      CHECK_FALSE(LeavesResidual(plain));
      CHECK(WholeCodec(plain) == plain);
    }
    for (const v1::Codec lossy : {v1::CODEC_TOPK, v1::CODEC_ONEBIT}) {
      CHECK(IsPushCodec(lossy, dense) == dense);
      CHECK_FALSE(IsPullCodec(lossy, dense));
      CHECK(LeavesResidual(lossy));
    }
    CHECK(IsPullCodec(v1::CODEC_DELTA, dense) == dense);
    for (const v1::Codec none : {v1::CODEC_UNSPECIFIED, static_cast<v1::Codec>(99)}) {
      CHECK_FALSE(IsPushCodec(none, dense));
      CHECK_FALSE(IsPullCodec(none, dense));
    }
    CHECK_FALSE(IsPushCodec(v1::CODEC_DELTA, dense));
  }
  CHECK(WholeCodec(v1::CODEC_DELTA) == v1::CODEC_FLOAT32);
}

TEST_CASE("float32 travels as it is") {
  const std::vector<float> values = {1, -2.5f, 1e-40f, kInfinity};
  CHECK(RoundTrip(v1::CODEC_FLOAT32, values) == values);
}

TEST_CASE("known halves") {
  CHECK(Half(v1::CODEC_BF16, 1.0f) == 0x3f80);
  CHECK(Half(v1::CODEC_BF16, -2.0f) == 0xc000);
  CHECK(Half(v1::CODEC_FP16, 1.0f) == 0x3c00);
  CHECK(Half(v1::CODEC_FP16, -2.0f) == 0xc000);
  CHECK(Half(v1::CODEC_FP16, 65504.0f) == 0x7bff);
  CHECK(Half(v1::CODEC_FP16, 65520.0f) == 0x7c00);
  CHECK(Half(v1::CODEC_FP16, 5.9604645e-8f) == 0x0001);
}

TEST_CASE("16 bits round to the nearest, ties to even, what is not finite stays so") {
  const std::vector<float> values = AnyFloats(20'000);
  for (const v1::Codec codec : {v1::CODEC_BF16, v1::CODEC_FP16}) {
    const std::vector<float> decoded = RoundTrip(codec, values);
    for (size_t i = 0; i < values.size(); ++i) {
      CAPTURE(v1::Codec_Name(codec), values[i]);
      if (std::isnan(values[i])) {
        REQUIRE(std::isnan(decoded[i]));
      } else if (std::isinf(values[i])) {
        REQUIRE(decoded[i] == values[i]);
      } else {
        REQUIRE(std::bit_cast<uint32_t>(decoded[i]) ==
                std::bit_cast<uint32_t>(Nearest(codec, values[i])));
      }
    }
  }
}

TEST_CASE("int8 is off by half a step of its group at most") {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(normal(random) * (i < 500 ? 1.0f : 1e-3f));
  const std::vector<float> decoded = RoundTrip(v1::CODEC_INT8, values);
  for (size_t first = 0; first < values.size(); first += kInt8Group) {
    const size_t end = std::min(first + kInt8Group, values.size());
    float largest = 0;
    for (size_t i = first; i < end; ++i) largest = std::max(largest, std::fabs(values[i]));
    for (size_t i = first; i < end; ++i) {
      REQUIRE(std::fabs(decoded[i] - values[i]) <= largest / 127 * 0.5001f);
    }
  }
  CHECK(RoundTrip(v1::CODEC_INT8, {0, 0, 0}) == std::vector<float>{0, 0, 0});
  CHECK(RoundTrip(v1::CODEC_INT8, {127, -127, 1}) == std::vector<float>{127, -127, 1});
}

TEST_CASE("an int8 group with a value that is not finite has none that is") {
  for (const float bad : {kInfinity, -kInfinity, kNan}) {
    std::vector<float> values(kInt8Group + 3, 1.0f);
    values[7] = bad;
    const std::vector<float> decoded = RoundTrip(v1::CODEC_INT8, values);
    CHECK_FALSE(std::isfinite(decoded[0]));
    CHECK_FALSE(std::isfinite(decoded[7]));
    CHECK(decoded[kInt8Group] == 1.0f);
  }
}

TEST_CASE("one bit: the sign, and the mean of each sign in its group") {
  CHECK(RoundTrip(v1::CODEC_ONEBIT, {1, -2, 3, -4, 0, 2}) ==
        std::vector<float>{1.5f, -3, 1.5f, -3, 1.5f, 1.5f});
  CHECK(RoundTrip(v1::CODEC_ONEBIT, {-0.0f, 0}) == std::vector<float>{0, 0});
  CHECK(RoundTrip(v1::CODEC_ONEBIT, {-1, -3}) == std::vector<float>{-2, -2});
  const std::string bytes = Encoded(v1::CODEC_ONEBIT, {1, -2, 3, -4, 0, 2, 1, 1, -1});
  CHECK(bytes.substr(9) == std::string("\x0a\x01"));

  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  for (const size_t count : {1, 15, 16, 17, 255, 256, 257, 1000}) {
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    const std::vector<float> decoded = RoundTrip(v1::CODEC_ONEBIT, values);
    for (size_t first = 0; first < count; first += 256) {
      const size_t end = std::min<size_t>(first + 256, count);
      double sums[2] = {};
      double counts[2] = {};
      for (size_t i = first; i < end; ++i) {
        sums[values[i] < 0] += values[i];
        ++counts[values[i] < 0];
      }
      for (size_t i = first; i < end; ++i) {
        const bool negative = values[i] < 0;
        REQUIRE(decoded[i] == Approx(sums[negative] / counts[negative]).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("one bit: a value that is not finite makes its sign's mean so, in its group alone") {
  for (const float bad : {kInfinity, -kInfinity, kNan}) {
    std::vector<float> values(300, 1.0f);
    values[5] = bad;
    const std::vector<float> decoded = RoundTrip(v1::CODEC_ONEBIT, values);
    CHECK_FALSE(std::isfinite(decoded[5]));
    CHECK(decoded[256] == 1.0f);
  }
}

TEST_CASE("every vector level makes the same bytes") {
  const std::vector<float> any = AnyFloats(1001);
  std::vector<float> finite;
  for (const float value : any) finite.push_back(std::isfinite(value) ? value : 1.0f);
  for (const v1::Codec codec : {v1::CODEC_BF16, v1::CODEC_FP16, v1::CODEC_INT8, v1::CODEC_ONEBIT}) {
    const std::vector<float>& values = codec == v1::CODEC_INT8 ? finite : any;
    const std::string best = Encoded(codec, values);
    const std::vector<float> decoded = Decoded(codec, best, values.size());
    ForEachVectorTarget([&](const char* name) {
      CAPTURE(v1::Codec_Name(codec), name);
      CHECK(Encoded(codec, values) == best);
      const std::vector<float> here = Decoded(codec, best, values.size());
      bool same = true;
      for (size_t i = 0; i < here.size(); ++i) {
        same = same && std::bit_cast<uint32_t>(here[i]) == std::bit_cast<uint32_t>(decoded[i]);
      }
      CHECK(same);
    });
  }
}

}  // namespace
}  // namespace paceline
