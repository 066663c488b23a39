#include "common/fs_faulty.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

using Code = absl::StatusCode;
using Operation = FaultyFileSystem::Operation;
using Step = FaultyFileSystem::Step;

std::string Read(FileSystem& fs, const std::string& path) {
  REQUIRE_OK_AND_ASSIGN(std::string text, ReadFile(fs, path));
  return text;
}

TEST_CASE("operations that change files are recorded in order") {
  MemoryFileSystem disk;
  FaultyFileSystem fs(&disk);
  REQUIRE_OK(fs.CreateDirs("/d"));
  REQUIRE_OK(WriteFileDurably(fs, "/d/f", "hello"));
  CHECK(Read(fs, "/d/f") == "hello");
  REQUIRE_OK(fs.Remove("/d/f"));
  CHECK(fs.steps() == std::vector<Step>{{Operation::kCreateDirs, "/d"},
                                        {Operation::kOpen, "/d/f.tmp"},
                                        {Operation::kAppend, "/d/f.tmp"},
                                        {Operation::kSync, "/d/f.tmp"},
                                        {Operation::kRename, "/d/f"},
                                        {Operation::kSyncDir, "/d"},
                                        {Operation::kRemove, "/d/f"}});
}

TEST_CASE("a full, a broken and a read-only disk have the errors of a real one") {
  MemoryFileSystem disk;
  FaultyFileSystem fs(&disk);
  fs.Inject({.error = ENOSPC, .path_suffix = "/full.tmp", .written_bytes = 2});
  fs.Inject({.error = EIO, .path_suffix = "/broken"});
  fs.Inject({.error = EROFS, .path_suffix = "/read_only.tmp"});
  CHECK_STATUS(WriteFileDurably(fs, "/full", "bytes"), Code::kResourceExhausted,
               "open for writing /full.tmp: No space left");
  CHECK_STATUS(WriteFileDurably(fs, "/read_only", "bytes"), Code::kPermissionDenied,
               "Read-only file system");
  CHECK_STATUS(WriteFileDurably(fs, "/broken", "bytes"), Code::kUnknown,
               "rename /broken: Input/output error");
  REQUIRE_OK(WriteFileDurably(fs, "/well", "bytes"));
  fs.Heal();
  REQUIRE_OK(WriteFileDurably(fs, "/full", "bytes"));
  CHECK(Read(fs, "/full") == "bytes");
}

TEST_CASE("chosen operations fail, an append after a part of its bytes") {
  MemoryFileSystem disk;
  FaultyFileSystem fs(&disk);
  fs.Inject({.error = ENOSPC, .first = 1, .last = 1, .written_bytes = 3});
  REQUIRE_OK_AND_ASSIGN(const auto file, fs.OpenForWrite("/f"));
  CHECK_STATUS(file->Append("12345"), Code::kResourceExhausted, "write /f");
  REQUIRE_OK(file->Append("678"));
  CHECK(Read(fs, "/f") == "123678");
}

TEST_CASE("after a crash nothing works, and the disk keeps what it had") {
  MemoryFileSystem disk;
  FaultyFileSystem fs(&disk);
  REQUIRE_OK(WriteFileDurably(fs, "/old", "old"));
  fs.CrashAt(fs.steps().size() + 1, /*written_bytes=*/1);
  REQUIRE_OK_AND_ASSIGN(const auto file, fs.OpenForWrite("/new"));
  CHECK_STATUS(file->Append("new"), Code::kUnavailable, "crashed");
  CHECK_STATUS(file->Sync(), Code::kUnavailable, "crashed");
  CHECK_STATUS(file->Close(), Code::kUnavailable, "crashed");
  CHECK_STATUS(fs.OpenForRead("/old"), Code::kUnavailable, "crashed");
  CHECK_STATUS(fs.List("/"), Code::kUnavailable, "crashed");
  CHECK_STATUS(fs.Size("/old"), Code::kUnavailable, "crashed");
  CHECK_STATUS(fs.Remove("/old"), Code::kUnavailable, "crashed");
  CHECK_FALSE(fs.Exists("/old"));
  CHECK(Read(disk, "/new") == "n");
  disk.ForgetUnsynced();
  CHECK(Read(disk, "/old") == "old");
  CHECK_FALSE(disk.Exists("/new"));
}

TEST_CASE("faults row 17: WriteFileDurably leaves the old or the new bytes, wherever it crashes") {
  const std::string old_text = "the old contents";
  const std::string new_text = "what is new";
  std::set<std::string> seen;
  for (uint64_t crash = 0; crash < 5; ++crash) {
    for (uint64_t seed = 0; seed < 200; ++seed) {
      CAPTURE(crash, seed);
      MemoryFileSystem disk;
      REQUIRE_OK(WriteFileDurably(disk, "/f", old_text));
      FaultyFileSystem fs(&disk);
      fs.CrashAt(crash, /*written_bytes=*/seed % new_text.size());
      CHECK_FALSE(WriteFileDurably(fs, "/f", new_text).ok());
      disk.ForgetUnsynced(seed);
      const std::string text = Read(disk, "/f");
      CHECK((text == old_text || text == new_text));
      seen.insert(text);
      // And it can be written again, whatever lies about.
      REQUIRE_OK(WriteFileDurably(disk, "/f", "again"));
      disk.ForgetUnsynced(seed + 1);
      CHECK(Read(disk, "/f") == "again");
    }
  }
  CHECK(seen.size() == 2);
}

}  // namespace
}  // namespace paceline
