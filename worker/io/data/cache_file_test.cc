#include "worker/io/data/cache_file.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/fs.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

absl::Status Append(WritableFile* file, const std::string& text) { return file->Append(text); }

TEST_CASE("names are a function of the key") {
  const std::string path = CacheFilePath("/d", "key", "index");
  CHECK(path.size() == std::string("/d/.index").size() + 32);
  CHECK(path == CacheFilePath("/d", "key", "index"));
  CHECK(path != CacheFilePath("/d", "kez", "index"));
}

TEST_CASE("a cache file replaces the old one whole and leaves nothing else") {
  MemoryFileSystem fs;
  for (const std::string text : {"old", "newer"}) {
    REQUIRE_OK(
        WriteCacheFile(&fs, "/a/b/f", [&](WritableFile* file) { return Append(file, text); }));
    REQUIRE_OK_AND_ASSIGN(const std::string got, ReadFile(fs, "/a/b/f"));
    CHECK(got == text);
  }
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> names, fs.List("/a/b"));
  CHECK(names == std::vector<std::string>{"f"});
}

TEST_CASE("two writers at once do not meet") {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteCacheFile(&fs, "/f", [&](WritableFile* outer) {
    REQUIRE_OK(Append(outer, "out"));
    REQUIRE_OK(
        WriteCacheFile(&fs, "/f", [&](WritableFile* inner) { return Append(inner, "inner"); }));
    REQUIRE_OK_AND_ASSIGN(const std::string seen, ReadFile(fs, "/f"));
    CHECK(seen == "inner");
    return Append(outer, "er");
  }));
  REQUIRE_OK_AND_ASSIGN(const std::string got, ReadFile(fs, "/f"));
  CHECK(got == "outer");
}

TEST_CASE("a failed writer leaves the old file and nothing else") {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteCacheFile(&fs, "/d/f", [](WritableFile* file) { return Append(file, "old"); }));
  const absl::Status status = WriteCacheFile(&fs, "/d/f", [](WritableFile* file) {
    REQUIRE_OK(Append(file, "half"));
    return absl::ResourceExhaustedError("disk full");
  });
  CHECK_STATUS(status, absl::StatusCode::kResourceExhausted, "disk full");
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> names, fs.List("/d"));
  CHECK(names == std::vector<std::string>{"f"});
  REQUIRE_OK_AND_ASSIGN(const std::string got, ReadFile(fs, "/d/f"));
  CHECK(got == "old");
}

}  // namespace
}  // namespace paceline::worker
