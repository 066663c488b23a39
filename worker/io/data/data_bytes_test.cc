#include "worker/io/data/data_bytes.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/fs.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "worker/io/data/gzip_fixture.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;
using testing::Gzip;

void Write(MemoryFileSystem& fs, const std::string& path, const std::string& bytes) {
  REQUIRE_OK(WriteFileDurably(fs, path, bytes));
}

std::string All(const DataBytes& bytes) {
  std::string out(bytes.size(), '\0');
  REQUIRE_OK(bytes.ReadAt(0, absl::MakeSpan(out)));
  return out;
}

std::string OnlyFile(MemoryFileSystem& fs, const std::string& dir) {
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> names, fs.List(dir));
  REQUIRE(names.size() == 1);
  return JoinPath(dir, names[0]);
}

TEST_CASE("plain and gzipped files read the same, with and without a cache folder") {
  MemoryFileSystem fs;
  const std::string text(3'000'000, 'x');
  Write(fs, "/plain", text + "end");
  Write(fs, "/packed.gz", Gzip(text + "end"));
  for (const std::string path : {"/plain", "/packed.gz"}) {
    for (const std::string dir : {"", "/cache"}) {
      CAPTURE(path, dir);
      REQUIRE_OK_AND_ASSIGN(const auto bytes, DataBytes::Open(&fs, path, dir));
      CHECK(bytes->size() == text.size() + 3);
      CHECK((All(*bytes) == text + "end"));
      std::string tail(3, '\0');
      CHECK_OK(bytes->ReadAt(text.size(), absl::MakeSpan(tail)));
      CHECK(tail == "end");
      CHECK_STATUS(bytes->ReadAt(text.size() + 1, absl::MakeSpan(tail)), Code::kOutOfRange, path);
      CHECK_STATUS(bytes->ReadAt(~uint64_t{0}, absl::MakeSpan(tail)), Code::kOutOfRange, path);
      CHECK_OK(bytes->CheckUnchanged());
    }
  }
}

TEST_CASE("a file is unpacked once, and again when it or the copy changed") {
  MemoryFileSystem fs;
  Write(fs, "/d.gz", Gzip("first"));
  REQUIRE_OK_AND_ASSIGN(const auto first, DataBytes::Open(&fs, "/d.gz", "/cache"));
  const std::string copy = OnlyFile(fs, "/cache");
  REQUIRE_OK_AND_ASSIGN(const auto file, fs.OpenForRead(copy));
  const auto changes = [&](const std::string& path) {
    REQUIRE_OK_AND_ASSIGN(const auto opened, fs.OpenForRead(path));
    REQUIRE_OK_AND_ASSIGN(const int64_t modified, opened->ModifiedNs());
    return modified;
  };
  const int64_t before = changes(copy);
  REQUIRE_OK_AND_ASSIGN(const auto again, DataBytes::Open(&fs, "/d.gz", "/cache"));
  CHECK(changes(copy) == before);
  CHECK(All(*again) == "first");

  // Every damage of the copy is noticed: each bit, each length.
  REQUIRE_OK_AND_ASSIGN(const std::string good, ReadFile(fs, copy));
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string damaged = good;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    Write(fs, copy, damaged);
    REQUIRE_OK_AND_ASSIGN(const auto bytes, DataBytes::Open(&fs, "/d.gz", "/cache"));
    REQUIRE(All(*bytes) == "first");
    REQUIRE_OK_AND_ASSIGN(const std::string repaired, ReadFile(fs, copy));
    REQUIRE((repaired == good));
  }
  for (size_t size = 0; size < good.size(); ++size) {
    Write(fs, copy, good.substr(0, size));
    REQUIRE_OK_AND_ASSIGN(const auto bytes, DataBytes::Open(&fs, "/d.gz", "/cache"));
    REQUIRE(All(*bytes) == "first");
  }

  // A reader of the old copy goes on; the change itself shows.
  {
    REQUIRE_OK_AND_ASSIGN(const auto out, fs.OpenForWrite("/d.gz"));
    REQUIRE_OK(out->Append(Gzip("second")));
  }
  CHECK(All(*first) == "first");
  CHECK_STATUS(first->CheckUnchanged(), Code::kDataLoss, "/d.gz: the file changed while in use");
  REQUIRE_OK_AND_ASSIGN(const auto second, DataBytes::Open(&fs, "/d.gz", "/cache"));
  CHECK(All(*second) == "second");
}

TEST_CASE("files that cannot be used") {
  MemoryFileSystem fs;
  Write(fs, "/empty", "");
  Write(fs, "/empty.gz", Gzip(""));
  Write(fs, "/none.gz", "");
  Write(fs, "/plain.gz", "plain");
  Write(fs, "/packed", Gzip("text"));
  const std::string packed = Gzip(std::string(100, 'a'));
  Write(fs, "/cut.gz", packed.substr(0, packed.size() - 3));
  struct Case {
    std::string path;
    Code code;
    std::string error;
  };
  const Case cases[] = {
      {"/missing", Code::kNotFound, "/missing"},
      {"/", Code::kInvalidArgument, "/"},
      {"/empty", Code::kInvalidArgument, "/empty: the file is empty"},
      {"/none.gz", Code::kInvalidArgument, "/none.gz: the file is empty"},
      {"/empty.gz", Code::kInvalidArgument, "/empty.gz: the gzipped file is empty"},
      {"/plain.gz", Code::kInvalidArgument, "/plain.gz: not a gzip file"},
      {"/packed", Code::kInvalidArgument, "/packed: gzip data; the name"},
      {"/cut.gz", Code::kDataLoss, "/cut.gz: gzip data cut off"},
  };
  for (const Case& c : cases) {
    for (const std::string dir : {"", "/cache"}) {
      CAPTURE(c.path, dir);
      const absl::Status status = DataBytes::Open(&fs, c.path, dir).status();
      if (c.path == "/") {
        CHECK_FALSE(status.ok());
      } else {
        CHECK_STATUS(status, c.code, c.error);
      }
    }
  }
  // Failed attempts leave no half of a copy.
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> names, fs.List("/cache"));
  for (const std::string& name : names) CHECK_FALSE(absl::EndsWith(name, ".tmp"));
}

TEST_CASE("without a cache folder the unpacked size is limited") {
  MemoryFileSystem fs;
  Write(fs, "/d.gz", Gzip(std::string(1000, 'a')));
  CHECK_OK(DataBytes::Open(&fs, "/d.gz", "", 1000));
  CHECK_STATUS(DataBytes::Open(&fs, "/d.gz", "", 999), Code::kResourceExhausted,
               "/d.gz: more than 999 bytes unpacked");
  CHECK_OK(DataBytes::Open(&fs, "/d.gz", "/cache", 999));
}

}  // namespace
}  // namespace paceline::worker
