#include "common/confined_paths.h"

#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/fs.h"
#include "common/fs_posix.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

using Code = absl::StatusCode;

// Folders "own" (writable), "data" (to read) and "secret" (neither), with a file in each.
class Folders {
 public:
  Folders() {
    const char* base = std::getenv("TEST_TMPDIR");
    dir_ = absl::StrCat(base != nullptr ? base : "/tmp", "/confined.XXXXXX");
    REQUIRE(mkdtemp(dir_.data()) != nullptr);
    for (const char* name : {"own", "data", "secret"}) {
      REQUIRE_OK(all_.CreateDirs(At(absl::StrCat(name, "/deep"))));
      REQUIRE_OK(WriteFileDurably(all_, At(absl::StrCat(name, "/deep/file")), name));
    }
    REQUIRE_OK_AND_ASSIGN(auto paths, ConfinedPaths::Create({{.dir = At("own"), .writable = true},
                                                             {.dir = At("data")}}));
    confined_ = std::make_unique<PosixFileSystem>(std::move(paths));
  }

  std::string At(const std::string& name) const { return absl::StrCat(dir_, "/", name); }
  FileSystem& all() { return all_; }
  FileSystem& confined() { return *confined_; }
  void Link(const std::string& target, const std::string& name) {
    REQUIRE(symlink(target.c_str(), At(name).c_str()) == 0);
  }

 private:
  std::string dir_;
  PosixFileSystem all_;
  std::unique_ptr<PosixFileSystem> confined_;
};

TEST_CASE("files in the folders are read, and written where that is allowed") {
  Folders folders;
  FileSystem& fs = folders.confined();
  REQUIRE_OK_AND_ASSIGN(const std::string data, ReadFile(fs, folders.At("data/deep/file")));
  CHECK(data == "data");
  REQUIRE_OK_AND_ASSIGN(const std::string round, ReadFile(fs, folders.At("data/../own/deep/file")));
  CHECK(round == "own");
  REQUIRE_OK(fs.CreateDirs(folders.At("own/new/er")));
  REQUIRE_OK(WriteFileDurably(fs, folders.At("own/new/er/file"), "1"));
  REQUIRE_OK(WriteFileDurably(fs, folders.At("own/top"), "1"));
  REQUIRE_OK_AND_ASSIGN(const auto names, fs.List(folders.At("own")));
  CHECK(names == std::vector<std::string>{"deep", "new", "top"});
  REQUIRE_OK_AND_ASSIGN(const auto size, fs.Size(folders.At("own/top")));
  CHECK(size == 1);
  REQUIRE_OK(fs.Remove(folders.At("own/new/er/file")));
  REQUIRE_OK(fs.Remove(folders.At("own/new/er")));
  CHECK_FALSE(fs.Exists(folders.At("own/new/er")));
  REQUIRE_OK(fs.CreateDirs(folders.At("own")));
  CHECK_STATUS(ReadFile(fs, folders.At("own/absent")), Code::kNotFound, "own/absent");
}

TEST_CASE("nothing else is reached by any call") {
  Folders folders;
  FileSystem& fs = folders.confined();
  folders.Link(folders.At("secret"), "data/link");
  folders.Link("../secret/deep/file", "own/link_to_file");
  folders.Link("/", "own/link_to_root");
  const std::string dots = folders.At("data/deep/../../secret/deep/file");
  for (const std::string& path :
       {folders.At("secret/deep/file"), dots, folders.At("data/link/deep/file"),
        folders.At("own/link_to_file"), folders.At("own/link_to_root/etc/passwd"),
        std::string("/etc/passwd"), std::string("/proc/self/environ"), folders.At("ownership"),
        folders.At("own/link_to_root/proc/self/root/etc/passwd")}) {
    CAPTURE(path);
    CHECK_STATUS(fs.OpenForRead(path), Code::kPermissionDenied, path);
    CHECK_STATUS(fs.OpenForWrite(path), Code::kPermissionDenied, path);
    CHECK_STATUS(fs.OpenForAppend(path), Code::kPermissionDenied, path);
    CHECK_STATUS(fs.Size(path), Code::kPermissionDenied, path);
    CHECK_STATUS(fs.List(path), Code::kPermissionDenied, path);
    CHECK_STATUS(fs.SyncDir(path), Code::kPermissionDenied, path);
    CHECK_FALSE(fs.Exists(path));
    // A link may itself be moved: it is in the folder, what it points to is not.
    if (path == folders.At("own/link_to_file")) continue;
    CHECK_STATUS(fs.Rename(path, folders.At("own/taken")), Code::kPermissionDenied, "rename");
  }
  REQUIRE_OK_AND_ASSIGN(const auto secret, ReadFile(folders.all(), folders.At("secret/deep/file")));
  CHECK(secret == "secret");
  CHECK_STATUS(fs.CreateDirs(folders.At("secret/new")), Code::kPermissionDenied, "secret/new");
  CHECK_STATUS(fs.CreateDirs(folders.At("data/link/new")), Code::kPermissionDenied, "data/link");
  CHECK_STATUS(fs.Remove(folders.At("own/link_to_root/etc/passwd")), Code::kPermissionDenied,
               "leads out of");
}

TEST_CASE("folders to read stay as they are, and the message says which folders there are") {
  Folders folders;
  FileSystem& fs = folders.confined();
  const std::string file = folders.At("data/deep/file");
  CHECK_STATUS(fs.OpenForWrite(file), Code::kPermissionDenied, "jobs may only read below");
  CHECK_STATUS(fs.Remove(file), Code::kPermissionDenied, "jobs may only read below");
  CHECK_STATUS(fs.Rename(file, folders.At("own/x")), Code::kPermissionDenied, "only read");
  CHECK_STATUS(fs.CreateDirs(folders.At("data/new")), Code::kPermissionDenied, "only read");
  CHECK_STATUS(fs.Remove(folders.At("own")), Code::kPermissionDenied, "stays as it is");
  CHECK_STATUS(fs.OpenForRead("/etc/passwd"), Code::kPermissionDenied,
               absl::StrCat(folders.At("own"), ", ", folders.At("data"), " (to read)"));
}

TEST_CASE("links that stay inside are followed, and the folder itself may be one") {
  Folders folders;
  folders.Link("deep", "data/alias");
  folders.Link(folders.At("data"), "elsewhere");
  REQUIRE_OK_AND_ASSIGN(const auto data,
                        ReadFile(folders.confined(), folders.At("data/alias/file")));
  CHECK(data == "data");
  REQUIRE_OK_AND_ASSIGN(auto paths, ConfinedPaths::Create({{.dir = folders.At("elsewhere/")}}));
  PosixFileSystem fs(std::move(paths));
  REQUIRE_OK_AND_ASSIGN(const auto linked, ReadFile(fs, folders.At("elsewhere/deep/file")));
  CHECK(linked == "data");
}

TEST_CASE("the root of the file system may be given, and of two folders the inner one counts") {
  Folders folders;
  REQUIRE_OK_AND_ASSIGN(
      auto paths,
      ConfinedPaths::Create({{.dir = "/"}, {.dir = folders.At("own"), .writable = true}}));
  PosixFileSystem fs(std::move(paths));
  CHECK(fs.Exists("/etc/passwd"));
  REQUIRE_OK(WriteFileDurably(fs, folders.At("own/file"), "1"));
  CHECK_STATUS(fs.OpenForWrite(folders.At("data/file")), Code::kPermissionDenied, "only read");
}

TEST_CASE("a link that is made while a path is walked lets nothing out") {
  Folders folders;
  // "swap" is a folder, then a link to the secret one, and so on.
  REQUIRE_OK(folders.all().CreateDirs(folders.At("own/folder/deep")));
  REQUIRE_OK(WriteFileDurably(folders.all(), folders.At("own/folder/deep/file"), "own"));
  folders.Link(folders.At("secret"), "own/link");
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    while (!done) {
      rename(folders.At("own/folder").c_str(), folders.At("own/swap").c_str());
      rename(folders.At("own/swap").c_str(), folders.At("own/folder").c_str());
      rename(folders.At("own/link").c_str(), folders.At("own/swap").c_str());
      rename(folders.At("own/swap").c_str(), folders.At("own/link").c_str());
    }
  });
  int read = 0;
  for (int i = 0; i < 20000 || read == 0; ++i) {
    const auto text = ReadFile(folders.confined(), folders.At("own/swap/deep/file"));
    if (!text.ok()) continue;
    ++read;
    if (*text != "own") FAIL_CHECK("read " << *text);
  }
  done = true;
  swapper.join();
}

TEST_CASE("folders that make no sense are refused") {
  CHECK_STATUS(ConfinedPaths::Create({}), Code::kInvalidArgument, "at least one folder");
  CHECK_STATUS(ConfinedPaths::Create({{.dir = ""}}), Code::kInvalidArgument, "empty name");
}

}  // namespace
}  // namespace paceline
