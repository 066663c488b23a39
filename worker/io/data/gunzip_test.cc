#include "worker/io/data/gunzip.h"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>

#include "common/fs.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "worker/io/data/gzip_fixture.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;
using testing::Gzip;

absl::StatusOr<std::string> Unpack(const std::string& packed) {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/f", packed));
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<ReadableFile> file, fs.OpenForRead("/f"));
  std::string out;
  const absl::Status status = Gunzip(*file, [&](absl::string_view piece) {
    REQUIRE(piece.size() <= (1u << 20));
    out.append(piece.data(), piece.size());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return out;
}

std::string Noise(size_t size) {
  std::mt19937_64 random(13);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST_CASE("packed bytes come back") {
  // Sizes around the pieces of 1 MiB, with data that packs well and that does not.
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{1} << 20, (size_t{1} << 20) + 1, size_t{3} << 20}) {
    CAPTURE(size);
    for (const std::string& bytes : {std::string(size, 'a'), Noise(size)}) {
      REQUIRE_OK_AND_ASSIGN(const std::string got, Unpack(Gzip(bytes)));
      REQUIRE((got == bytes));
    }
  }
}

TEST_CASE("members that follow one another are one stream") {
  REQUIRE_OK_AND_ASSIGN(const std::string got, Unpack(Gzip("one ") + Gzip("") + Gzip("two")));
  CHECK(got == "one two");
}

TEST_CASE("what is not gzip") {
  for (const std::string bytes : {"", "\x1f", "plain text"}) {
    CHECK_STATUS(Unpack(bytes), Code::kInvalidArgument, "not a gzip file");
  }
}

TEST_CASE("faults row 22: gzip data that is cut off at any byte is an error") {
  const std::string packed = Gzip("some text that is packed");
  for (size_t size = 2; size < packed.size(); ++size) {
    CAPTURE(size);
    REQUIRE_STATUS(Unpack(packed.substr(0, size)), Code::kDataLoss, "gzip data");
  }
  CHECK_STATUS(Unpack(packed.substr(0, 20)), Code::kDataLoss, "gzip data cut off after 20 bytes");
  const std::string large = Gzip(Noise(3 << 20));
  CHECK_STATUS(Unpack(large.substr(0, 1 << 20)), Code::kDataLoss, "cut off");
}

TEST_CASE("damaged gzip data is an error, or the damage did not matter") {
  // Some bits mean nothing: the header's time and system, padding of blocks.
  for (const std::string& contents : {std::string(1000, 'a'), Noise(300)}) {
    const std::string packed = Gzip(contents);
    size_t noticed = 0;
    for (size_t bit = 16; bit < packed.size() * 8; ++bit) {
      std::string damaged = packed;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      const absl::StatusOr<std::string> got = Unpack(damaged);
      CAPTURE(bit);
      if (got.ok()) {
        REQUIRE((*got == contents));
        continue;
      }
      REQUIRE_STATUS(got, Code::kDataLoss, "gzip data");
      ++noticed;
    }
    CHECK(noticed > (packed.size() - 12) * 8 - 100);
    CHECK_STATUS(Unpack(packed + "trailing"), Code::kDataLoss, "damaged gzip data");
  }
}

TEST_CASE("an error of the sink ends it") {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/f", Gzip(std::string(5 << 20, 'a'))));
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<ReadableFile> file, fs.OpenForRead("/f"));
  int calls = 0;
  const absl::Status status = Gunzip(*file, [&](absl::string_view) {
    ++calls;
    return absl::ResourceExhaustedError("full");
  });
  CHECK_STATUS(status, Code::kResourceExhausted, "full");
  CHECK(calls == 1);
}

}  // namespace
}  // namespace paceline::worker
