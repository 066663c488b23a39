#include "common/fs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/fs_memory.h"
#include "common/fs_posix.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

using Code = absl::StatusCode;

std::string TempDir() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string pattern = absl::StrCat(base != nullptr ? base : "/tmp", "/fs_test.XXXXXX");
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

void Write(FileSystem& fs, const std::string& path, absl::string_view text, bool sync) {
  REQUIRE_OK_AND_ASSIGN(std::unique_ptr<WritableFile> file, fs.OpenForWrite(path));
  REQUIRE_OK(file->Append(text));
  if (sync) REQUIRE_OK(file->Sync());
  REQUIRE_OK(file->Close());
}

std::string Read(FileSystem& fs, const std::string& path) {
  REQUIRE_OK_AND_ASSIGN(std::string text, ReadFile(fs, path));
  return text;
}

// What both file systems promise.
void CheckContract(FileSystem& fs, const std::string& root) {
  const std::string dir = JoinPath(root, "a/b");
  REQUIRE_OK(fs.CreateDirs(dir));
  REQUIRE_OK(fs.CreateDirs(dir));
  REQUIRE(fs.Exists(dir));

  const std::string file = JoinPath(dir, "f");
  Write(fs, file, "hello", true);
  REQUIRE(Read(fs, file) == "hello");
  REQUIRE_OK_AND_ASSIGN(const std::uint64_t size, fs.Size(file));
  REQUIRE(size == 5);
  {
    REQUIRE_OK_AND_ASSIGN(auto appended, fs.OpenForAppend(file));
    REQUIRE_OK(appended->Append(" you"));
    REQUIRE_OK(appended->Close());
  }
  REQUIRE(Read(fs, file) == "hello you");

  REQUIRE_OK_AND_ASSIGN(auto readable, fs.OpenForRead(file));
  std::string part(3, '?');
  REQUIRE_OK(readable->ReadAt(6, absl::MakeSpan(part)));
  REQUIRE(part == "you");
  REQUIRE_STATUS(readable->ReadAt(7, absl::MakeSpan(part)), Code::kOutOfRange, file);
  REQUIRE_OK(readable->ReadAt(9, absl::Span<char>()));

  Write(fs, JoinPath(dir, "g"), "other", false);
  REQUIRE_OK(fs.Rename(file, JoinPath(dir, "g")));
  REQUIRE_FALSE(fs.Exists(file));
  REQUIRE(Read(fs, JoinPath(dir, "g")) == "hello you");
  REQUIRE_OK(fs.CreateDirs(JoinPath(dir, "c")));
  REQUIRE_OK(fs.SyncDir(dir));
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> names, fs.List(dir));
  REQUIRE(names == std::vector<std::string>{"c", "g"});

  REQUIRE_OK(WriteFileDurably(fs, JoinPath(dir, "h"), "1"));
  REQUIRE_OK(WriteFileDurably(fs, JoinPath(dir, "h"), "22"));
  REQUIRE(Read(fs, JoinPath(dir, "h")) == "22");
  REQUIRE_STATUS(ReadFile(fs, JoinPath(dir, "h"), 1), Code::kResourceExhausted, "at most 1");

  const std::string absent = JoinPath(root, "absent");
  REQUIRE_FALSE(fs.Exists(absent));
  REQUIRE_STATUS(fs.OpenForRead(absent), Code::kNotFound, absent);
  REQUIRE_STATUS(fs.OpenForWrite(JoinPath(absent, "x")), Code::kNotFound, absent);
  REQUIRE_STATUS(fs.Size(absent), Code::kNotFound, absent);
  REQUIRE_STATUS(fs.Remove(absent), Code::kNotFound, absent);
  REQUIRE_STATUS(fs.List(absent), Code::kNotFound, absent);
  REQUIRE_STATUS(fs.SyncDir(absent), Code::kNotFound, absent);
  REQUIRE_STATUS(fs.Rename(absent, file), Code::kNotFound, absent);
  REQUIRE_STATUS(fs.OpenForRead(dir), Code::kFailedPrecondition, dir);
  REQUIRE_FALSE(fs.CreateDirs(JoinPath(dir, "g")).ok());
  REQUIRE_FALSE(fs.Remove(dir).ok());
  REQUIRE_OK(fs.Remove(JoinPath(dir, "g")));
  REQUIRE_OK(fs.Remove(JoinPath(dir, "h")));
  REQUIRE_OK(fs.Remove(JoinPath(dir, "c")));
  REQUIRE_OK(fs.Remove(dir));
}

TEST_CASE("a pipe is refused, not waited for") {
  PosixFileSystem fs;
  const std::string pipe = JoinPath(TempDir(), "pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  REQUIRE_STATUS(fs.OpenForRead(pipe), Code::kInvalidArgument, "not a regular file");
}

TEST_CASE("the file system on disk keeps the contract") {
  PosixFileSystem fs;
  CheckContract(fs, TempDir());
}

TEST_CASE("the file system in memory keeps the contract") {
  MemoryFileSystem fs;
  CheckContract(fs, "/root/");
}

TEST_CASE("errors of the disk name path and reason") {
  PosixFileSystem fs;
  REQUIRE_STATUS(fs.OpenForRead("/no/such"), Code::kNotFound, "No such file or directory");
  // Else a file is made of that name.
  REQUIRE(std::filesystem::is_character_file("/dev/full"));
  REQUIRE_OK_AND_ASSIGN(auto full, fs.OpenForWrite("/dev/full"));
  REQUIRE_STATUS(full->Append("x"), Code::kResourceExhausted, "write /dev/full");
}

TEST_CASE("a change of bytes shows in the time of the last change") {
  MemoryFileSystem fs;
  Write(fs, "/f", "one", false);
  REQUIRE_OK_AND_ASSIGN(const auto file, fs.OpenForRead("/f"));
  REQUIRE_OK_AND_ASSIGN(const int64_t before, file->ModifiedNs());
  REQUIRE_OK_AND_ASSIGN(const int64_t again, file->ModifiedNs());
  REQUIRE(again == before);
  Write(fs, "/f", "two", false);
  REQUIRE_OK_AND_ASSIGN(const int64_t after, file->ModifiedNs());
  REQUIRE(after != before);

  PosixFileSystem disk;
  const std::string path = TempDir() + "/modified";
  Write(disk, path, "one", false);
  REQUIRE_OK_AND_ASSIGN(const auto on_disk, disk.OpenForRead(path));
  REQUIRE_OK_AND_ASSIGN(const int64_t ns, on_disk->ModifiedNs());
  REQUIRE(ns > int64_t{1'000'000'000} * 1'000'000'000);  // after 2001, so in ns
}

TEST_CASE("a crash forgets bytes and names that were not synced") {
  MemoryFileSystem fs;
  REQUIRE_OK(fs.CreateDirs("/d"));
  Write(fs, "/d/durable", "kept", true);
  Write(fs, "/d/unsynced_bytes", "lost", false);
  Write(fs, "/d/removed", "back", true);
  REQUIRE_OK(fs.SyncDir("/d"));
  Write(fs, "/d/unsynced_name", "lost", true);
  REQUIRE_OK(fs.Remove("/d/removed"));
  {
    REQUIRE_OK_AND_ASSIGN(auto file, fs.OpenForAppend("/d/durable"));
    REQUIRE_OK(file->Append(" not this"));
  }

  fs.ForgetUnsynced();
  REQUIRE(Read(fs, "/d/durable") == "kept");
  REQUIRE(Read(fs, "/d/unsynced_bytes").empty());
  REQUIRE(Read(fs, "/d/removed") == "back");
  REQUIRE_FALSE(fs.Exists("/d/unsynced_name"));
}

TEST_CASE("a crash may keep what was not synced, in every combination") {
  std::set<std::string> bytes;
  std::set<std::string> emptied;
  std::set<std::string> names;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    MemoryFileSystem fs;
    Write(fs, "/appended", "12", true);
    Write(fs, "/emptied", "old", true);
    Write(fs, "/from", "", true);
    Write(fs, "/to", "", true);
    Write(fs, "/removed", "", true);
    REQUIRE_OK(fs.SyncDir("/"));
    {
      REQUIRE_OK_AND_ASSIGN(auto file, fs.OpenForAppend("/appended"));
      REQUIRE_OK(file->Append("34"));
    }
    Write(fs, "/emptied", "new", false);
    Write(fs, "/created", "", true);
    REQUIRE_OK(fs.Rename("/from", "/to"));
    REQUIRE_OK(fs.Remove("/removed"));
    fs.ForgetUnsynced(seed);
    bytes.insert(Read(fs, "/appended"));
    emptied.insert(Read(fs, "/emptied"));
    std::string there;
    for (const char* name : {"/from", "/to", "/removed", "/created"}) {
      there += fs.Exists(name) ? name : "";
    }
    names.insert(there);
    // What has survived is durable.
    const std::string survived = Read(fs, "/appended");
    fs.ForgetUnsynced();
    REQUIRE(Read(fs, "/appended") == survived);
    REQUIRE(fs.Exists("/created") == (there.find("/created") != std::string::npos));
  }
  CHECK(bytes == std::set<std::string>{"12", "123", "1234"});
  CHECK(emptied == std::set<std::string>{"", "n", "ne", "new", "old"});
  // The target of a rename is always there, old or new.
  CHECK(names == std::set<std::string>{"/from/to/removed/created", "/from/to/removed",
                                       "/from/to/created", "/from/to", "/to/removed/created",
                                       "/to/removed", "/to/created", "/to"});
}

TEST_CASE("WriteFileDurably survives a crash, and without the folder's sync a rename would not") {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/f", "old"));
  Write(fs, "/g", "new", true);
  REQUIRE_OK(fs.Rename("/g", "/f"));
  REQUIRE(Read(fs, "/f") == "new");
  fs.ForgetUnsynced();
  REQUIRE(Read(fs, "/f") == "old");
}

TEST_CASE("paths") {
  REQUIRE(JoinPath("a", "b") == "a/b");
  REQUIRE(JoinPath("a/", "b") == "a/b");
  REQUIRE(JoinPath("", "b") == "b");
  REQUIRE(JoinPath("a", "/b") == "/b");
  REQUIRE(DirName("a/b") == "a");
  REQUIRE(DirName("/a") == "/");
  REQUIRE(DirName("a") == ".");
}

}  // namespace
}  // namespace paceline
