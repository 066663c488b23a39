#include "common/rpc/byte_buffer.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/random.h"
#include "common/rpc/byte_buffer_test.pb.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

using test::Frame;
constexpr int kField = Frame::kPayloadFieldNumber;

grpc::Slice CopySlice(absl::string_view bytes) { return grpc::Slice(bytes.data(), bytes.size()); }

// The text in slices that end at each of `cuts`, and at the end.
grpc::ByteBuffer Cut(absl::string_view text, const std::vector<std::size_t>& cuts) {
  std::vector<grpc::Slice> slices;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    slices.push_back(CopySlice(text.substr(begin, cut - begin)));
    begin = cut;
  }
  slices.push_back(CopySlice(text.substr(begin)));
  return grpc::ByteBuffer(slices.data(), slices.size());
}

std::string Flat(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  REQUIRE(buffer.Dump(&slices).ok());
  std::string text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

std::string Flat(const Payload& payload) {
  const std::string text = absl::StrJoin(payload.pieces(), "");
  REQUIRE(text.size() == payload.size());
  return text;
}

Frame Header() {
  Frame frame;
  frame.set_iteration(1ull << 60);
  frame.set_loss(0.25);
  frame.set_epoch(12);
  for (int i = 0; i < 3; ++i) {
    frame.add_blocks()->set_shard(i);
    frame.mutable_blocks(i)->set_rows(-1000 * i);
  }
  frame.set_note("a note");
  return frame;
}

TEST_CASE("protobuf reads what EncodeMessage writes") {
  for (const std::string& payload : {std::string(), std::string("x"), std::string(5000, 'p')}) {
    const absl::string_view view = payload;
    Frame decoded;
    REQUIRE(decoded.ParseFromString(
        Flat(EncodeMessage(Header(), kField,
                           {CopySlice(view.substr(0, view.size() / 3)), grpc::Slice(),
                            CopySlice(view.substr(view.size() / 3))}))));
    Frame expected = Header();
    expected.set_payload(payload);
    REQUIRE(decoded.SerializeAsString() == expected.SerializeAsString());
  }
}

TEST_CASE("DecodeMessage reads what protobuf writes, wherever the slices are cut") {
  Frame whole = Header();
  // Longer than what gRPC keeps inside a slice.
  whole.set_payload(std::string(200, 'p') + "end");
  whole.set_trailer(9);
  const std::string text = whole.SerializeAsString();
  Frame header = whole;
  header.clear_payload();
  const auto check = [&](const std::vector<std::size_t>& cuts) {
    Frame decoded;
    Payload payload;
    REQUIRE_OK(DecodeMessage(Cut(text, cuts), kField, &decoded, &payload));
    REQUIRE(decoded.SerializeAsString() == header.SerializeAsString());
    const Payload moved = std::move(payload);
    REQUIRE(Flat(moved) == whole.payload());
  };
  check({});
  for (std::size_t a = 0; a <= text.size(); ++a) {
    check({a});
    for (std::size_t b = a; b <= text.size(); b += 7) check({a, b});
  }
  std::vector<std::size_t> everywhere;
  for (std::size_t i = 1; i < text.size(); ++i) everywhere.push_back(i);
  check(everywhere);
}

TEST_CASE("a message without payload, an empty one, and a repeated field") {
  Frame decoded;
  Payload payload;
  REQUIRE_OK(DecodeMessage(Cut("", {}), kField, &decoded, &payload));
  REQUIRE(payload.size() == 0);
  REQUIRE(payload.pieces().empty());
  REQUIRE_OK(DecodeMessage(EncodeMessage(Header(), kField), kField, &decoded, &payload));
  REQUIRE(decoded.note() == "a note");
  REQUIRE(payload.size() == 0);

  Frame first;
  first.set_payload("first");
  Frame second;
  second.set_payload("second");
  const std::string both = first.SerializeAsString() + second.SerializeAsString();
  REQUIRE_OK(DecodeMessage(Cut(both, {}), kField, &decoded, &payload));
  REQUIRE(Flat(payload) == "second");
}

TEST_CASE("the payload is not copied") {
  const auto rows = std::make_shared<std::vector<float>>(1000, 1.5f);
  const std::weak_ptr<std::vector<float>> watch = rows;
  {
    const grpc::ByteBuffer buffer = EncodeMessage(
        Header(), kField, {SliceOf(rows, rows->data(), rows->size() * sizeof(float))});
    REQUIRE(watch.use_count() == 2);
    Frame decoded;
    Payload payload;
    REQUIRE_OK(DecodeMessage(buffer, kField, &decoded, &payload));
    REQUIRE(payload.pieces().size() == 1);
    REQUIRE(payload.pieces()[0].data() == reinterpret_cast<const char*>(rows->data()));
  }
  REQUIRE(watch.use_count() == 1);
}

TEST_CASE("malformed messages are refused") {
  Frame decoded;
  Payload payload;
  const auto decode = [&](absl::string_view text) {
    return DecodeMessage(Cut(text, {}), kField, &decoded, &payload);
  };
  const auto bad = absl::StatusCode::kInvalidArgument;
  REQUIRE_STATUS(decode("\x08"), bad, "inside a number");
  REQUIRE_STATUS(decode(std::string("\x08") + std::string(11, '\xff')), bad, "ten bytes");
  REQUIRE_STATUS(decode("\x7a\x05zwei"), bad, "a field of 5 bytes, 4 are left");
  REQUIRE_STATUS(decode("\x7a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), bad, "a field of");
  REQUIRE_STATUS(decode("\x11zwei"), bad, "a field of 8 bytes");
  REQUIRE_STATUS(decode("\x1dx"), bad, "a field of 4 bytes");
  REQUIRE_STATUS(decode("\x0b"), bad, "wire type 3");
  REQUIRE_STATUS(decode("\x2a\x01\xff"), bad, "paceline.test.Frame");
  REQUIRE_STATUS(decode(absl::string_view("\x00\x00", 2)), bad, "paceline.test.Frame");
}

TEST_CASE("random bytes are read as protobuf reads them, or refused") {
  const std::string good = [] {
    Frame frame = Header();
    frame.set_payload("some bytes");
    return frame.SerializeAsString();
  }();
  int valid = 0;
  for (std::uint64_t round = 0; round < 5000; ++round) {
    std::string text = good;
    text[RandomBelow(text.size(), 1, round, 0)] = static_cast<char>(RandomBits(1, round, 1));
    if (RandomBelow(3, 1, round, 2) == 0) text.resize(RandomBelow(text.size(), 1, round, 3));
    Frame decoded;
    Payload payload;
    if (!DecodeMessage(Cut(text, {}), kField, &decoded, &payload).ok()) continue;
    Frame expected;
    REQUIRE(expected.ParseFromString(text));
    decoded.set_payload(Flat(payload));
    REQUIRE(decoded.SerializeAsString() == expected.SerializeAsString());
    ++valid;
  }
  REQUIRE(valid > 1000);
}

TEST_CASE("PayloadReader reads across pieces, in place where it can") {
  std::vector<float> values(100);
  for (int i = 0; i < 100; ++i) values[i] = static_cast<float>(i);
  const absl::string_view bytes(reinterpret_cast<const char*>(values.data()), 400);
  for (std::size_t cut = 0; cut <= 400; ++cut) {
    std::vector<grpc::Slice> slices = {CopySlice(bytes.substr(0, cut)),
                                       CopySlice(bytes.substr(cut))};
    const Payload payload(std::move(slices), {{0, 0, cut}, {1, 0, 400 - cut}});
    PayloadReader reader(payload);
    FloatBuffer scratch;
    for (int i = 0; i < 100; i += 10) {
      REQUIRE_OK_AND_ASSIGN(const float* ten, reader.Floats(10, &scratch));
      REQUIRE(std::vector<float>(ten, ten + 10) ==
              std::vector<float>(values.begin() + i, values.begin() + i + 10));
    }
    REQUIRE(reader.left() == 0);
    // All but the group that the cut goes through was read in place.
    REQUIRE((scratch.size() == 10) == (cut % 40 != 0));
    REQUIRE_STATUS(reader.Floats(1, &scratch), absl::StatusCode::kInvalidArgument, "1 more floats");
    REQUIRE_STATUS(reader.Read(nullptr, 1), absl::StatusCode::kInvalidArgument, "1 more bytes");
    REQUIRE_OK(reader.Floats(0, &scratch));
  }
}

TEST_CASE("PayloadReader reads a part of a payload, and no more") {
  const std::string bytes = "0123456789";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    std::vector<grpc::Slice> slices = {CopySlice(bytes.substr(0, cut)),
                                       CopySlice(bytes.substr(cut))};
    const Payload payload(std::move(slices), {{0, 0, cut}, {1, 0, bytes.size() - cut}});
    for (std::size_t offset = 0; offset <= bytes.size(); ++offset) {
      for (std::size_t size = 0; size <= bytes.size() - offset; ++size) {
        PayloadReader reader(payload, offset, size);
        REQUIRE(reader.left() == size);
        std::string got(size, ' ');
        REQUIRE_OK(reader.Read(got.data(), size));
        REQUIRE(got == bytes.substr(offset, size));
        char more;
        REQUIRE_STATUS(reader.Read(&more, 1), absl::StatusCode::kInvalidArgument, "1 more bytes");
      }
    }
  }
}

}  // namespace
}  // namespace paceline
