#include "common/cut/verified_file.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "common/block_crc32c.h"
#include "common/fs_memory.h"
#include "common/status/status_macros.h"
#include "common/status/status_matchers.h"
#include "common/xxh3/xxh3.h"

namespace paceline {
namespace {

// Two and a half blocks of random bytes, with the entry of the manifest for them.
struct Fixture {
  MemoryFileSystem fs;
  SharedCutFolder folder{&fs, "/cut"};
  std::string bytes;
  v1::CutFile entry;

  Fixture() {
    std::mt19937 random(1);
    for (std::uint64_t i = 0; i < kCrcBlockBytes * 5 / 2; ++i) {
      bytes.push_back(static_cast<char>(random()));
    }
    BlockCrc32c crc32c;
    // In odd pieces: they need not end where blocks do.
    for (std::size_t at = 0; at < bytes.size(); at += 700001) {
      crc32c.Update(absl::string_view(bytes).substr(at, 700001));
    }
    entry.set_name("f");
    entry.set_bytes(bytes.size());
    entry.set_xxh3(Xxh3Hex(bytes));
    for (const std::uint32_t crc : crc32c.blocks()) entry.add_block_crc32c(crc);
    Write(bytes);
  }
  void Write(const std::string& contents) {
    REQUIRE_OK(fs.CreateDirs("/cut"));
    REQUIRE_OK(WriteFileDurably(fs, "/cut/f", contents));
  }
  absl::Status Verify() {
    PL_ASSIGN_OR_RETURN(const auto file, VerifiedFile::Open(folder, entry));
    return file->VerifyAll(nullptr);
  }
};

TEST_CASE("a whole file reads as it was written, from any offset") {
  Fixture test;
  REQUIRE(test.entry.block_crc32c_size() == 3);
  REQUIRE_OK(test.Verify());
  REQUIRE_OK_AND_ASSIGN(const auto file, VerifiedFile::Open(test.folder, test.entry));
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{17}, kCrcBlockBytes - 1,
                                     kCrcBlockBytes, 2 * kCrcBlockBytes + 5}) {
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{3000},
                                     kCrcBlockBytes / 2, kCrcBlockBytes + 2}) {
      std::string got(size, '\0');
      const absl::Status read = file->ReadAt(offset, absl::MakeSpan(got));
      if (offset + size > test.bytes.size()) {
        CHECK(read.code() == absl::StatusCode::kOutOfRange);
        continue;
      }
      REQUIRE_OK(read);
      CHECK(got == test.bytes.substr(offset, size));
    }
  }
}

TEST_CASE("faults row 18: what is not the file of the manifest is refused") {
  Fixture test;
  std::string want = "CRC32C of the block at byte 1048576";
  SECTION("a flipped bit") {
    std::string bytes = test.bytes;
    bytes[kCrcBlockBytes + 9] ^= 4;
    test.Write(bytes);
  }
  SECTION("cut short") {
    test.Write(test.bytes.substr(0, test.bytes.size() - 1));
    want = "bytes expected, got";
  }
  SECTION("grown") {
    test.Write(test.bytes + "x");
    want = "bytes expected, got";
  }
  SECTION("gone") {
    REQUIRE_OK(test.fs.Remove("/cut/f"));
    want = "a file of the cut is missing";
  }
  SECTION("another hash of the whole") {
    test.entry.set_xxh3(std::string(32, '0'));
    want = "XXH3 0000";
  }
  SECTION("no checksum for a block") {
    test.entry.mutable_block_crc32c()->RemoveLast();
    want = "3 checksums expected";
  }
  SECTION("a name that leaves the folder") {
    test.entry.set_name("../f");
    want = "../f";
  }
  CHECK_STATUS(test.Verify(), absl::StatusCode::kDataLoss, want);
}

}  // namespace
}  // namespace paceline
