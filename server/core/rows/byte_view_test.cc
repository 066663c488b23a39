#include "server/core/rows/byte_view.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <random>
#include <vector>

namespace paceline::server {
namespace {

std::vector<uint8_t> Bytes(size_t count) {
  std::vector<uint8_t> bytes(count);
  std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  return bytes;
}

// Cuts `bytes` into spans of up to `longest` bytes.
ByteView Cut(const std::vector<uint8_t>& bytes, size_t longest, std::mt19937* random) {
  ByteView view;
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = std::min<size_t>((*random)() % (longest + 1), bytes.size() - at);
    view.Append({bytes.data() + at, length});
    at += length;
  }
  return view;
}

std::vector<uint8_t> Floats(const ByteView& view) {
  std::vector<uint8_t> out(view.size());
  uint64_t next = 0;
  view.ForEachFloats([&](const uint8_t* bytes, size_t count, uint64_t first) {
    REQUIRE(first == next);
    REQUIRE(count >= 1);
    std::memcpy(out.data() + 4 * first, bytes, 4 * count);
    next += count;
  });
  CHECK(next == view.size() / 4);
  return out;
}

TEST_CASE("Whole floats come out of a view cut at every offset") {
  const std::vector<uint8_t> bytes = Bytes(40);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const ByteView view(
        {ByteView::Span(bytes.data(), cut), ByteView::Span(bytes.data() + cut, 40 - cut)});
    CHECK(view.size() == 40);
    CHECK(Floats(view) == bytes);
  }
}

TEST_CASE("Views in many pieces read as one") {
  std::mt19937 random(1);
  const std::vector<uint8_t> bytes = Bytes(256);
  for (const size_t longest : {1, 2, 3, 5, 9, 100}) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      const ByteView view = Cut(bytes, longest, &random);
      CHECK(Floats(view) == bytes);
      const size_t offset = random() % 257;
      const size_t length = random() % (257 - offset);
      const std::vector<uint8_t> want(bytes.begin() + offset, bytes.begin() + offset + length);
      std::vector<uint8_t> got(length);
      view.CopyTo(offset, length, got.data());
      CHECK(got == want);
      const ByteView sub = view.Sub(offset, length);
      CHECK(sub.size() == length);
      sub.CopyTo(0, length, got.data());
      CHECK(got == want);
      ByteReader reader(view);
      std::vector<uint8_t> read(256);
      reader.Read(offset, read.data());
      reader.Read(256 - offset, read.data() + offset);
      CHECK(read == bytes);
    }
  }
}

TEST_CASE("Whole rows come out of a view in many pieces") {
  std::mt19937 random(2);
  const std::vector<uint8_t> bytes = Bytes(252);
  for (const size_t row_bytes : {4, 12, 28, 84, 252}) {
    for (const size_t longest : {1, 5, 30, 300}) {
      const ByteView view = Cut(bytes, longest, &random);
      std::vector<uint8_t> cut(row_bytes);
      std::vector<uint8_t> out;
      view.ForEachRows(row_bytes, cut.data(),
                       [&](const uint8_t* rows, size_t count, uint64_t first) {
                         REQUIRE(first == out.size() / row_bytes);
                         REQUIRE(count >= 1);
                         out.insert(out.end(), rows, rows + count * row_bytes);
                       });
      CHECK(out == bytes);
    }
  }
}

TEST_CASE("Empty views have nothing to read") {
  ByteView view;
  view.Append({});
  CHECK(view.size() == 0);
  CHECK(view.spans().empty());
  view.ForEachFloats([](const uint8_t*, size_t, uint64_t) { FAIL(); });
  CHECK(view.Sub(0, 0).size() == 0);
}

TEST_CASE("Floats in memory are a view") {
  const std::vector<float> floats = {1, -2, 3};
  const ByteView view = ByteView::OfFloats(floats);
  std::vector<float> copy(3);
  view.CopyTo(0, 12, copy.data());
  CHECK(copy == floats);
}

}  // namespace
}  // namespace paceline::server
