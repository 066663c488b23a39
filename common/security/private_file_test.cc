#include "common/security/private_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

// A folder that goes away.
struct Folder {
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "private-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST_CASE("a private file has its mode and its text") {
  const Folder folder;
  const std::string path = folder.path + "/key";
  REQUIRE_OK(WritePrivateFile(path, "secret", 0600));
  REQUIRE_OK_AND_ASSIGN(const PrivateFile file, ReadPrivateFile(path));
  CHECK(file.text == "secret");
  CHECK(file.mode == 0600);
  // A file that others can read is replaced, not written into.
  REQUIRE(chmod(path.c_str(), 0644) == 0);
  REQUIRE_OK(WritePrivateFile(path, "another", 0600));
  CHECK(ReadPrivateFile(path)->mode == 0600);
  CHECK(ReadPrivateFile(path)->text == "another");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("a symbolic link is replaced and what it points to left alone") {
  const Folder folder;
  REQUIRE_OK(WritePrivateFile(folder.path + "/precious", "precious", 0600));
  REQUIRE(symlink("precious", (folder.path + "/key").c_str()) == 0);
  REQUIRE_OK(WritePrivateFile(folder.path + "/key", "secret", 0600));
  CHECK(ReadPrivateFile(folder.path + "/precious")->text == "precious");
  CHECK(ReadPrivateFile(folder.path + "/key")->text == "secret");
}

TEST_CASE("errors of files name them") {
  const Folder folder;
  CHECK_STATUS(ReadPrivateFile(folder.path + "/none"), absl::StatusCode::kNotFound, "/none");
  CHECK_STATUS(ReadPrivateFile(folder.path), absl::StatusCode::kInvalidArgument, folder.path);
  REQUIRE(mkfifo((folder.path + "/pipe").c_str(), 0600) == 0);
  CHECK_STATUS(ReadPrivateFile(folder.path + "/pipe"), absl::StatusCode::kInvalidArgument, "/pipe");
  CHECK_STATUS(WritePrivateFile(folder.path + "/no/key", "x", 0600), absl::StatusCode::kNotFound,
               "/no/key");
  REQUIRE_OK(
      WritePrivateFile(folder.path + "/large", std::string(kMostPrivateFileBytes + 1, 'x'), 0600));
  CHECK_STATUS(ReadPrivateFile(folder.path + "/large"), absl::StatusCode::kInvalidArgument,
               "at most");
}

TEST_CASE("a private folder is its owner's alone") {
  const Folder folder;
  const std::string inner = folder.path + "/a/b/";
  REQUIRE_OK(MakePrivateDir(inner));
  REQUIRE_OK(MakePrivateDir(inner));
  struct stat facts = {};
  REQUIRE(stat(inner.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0700);
  REQUIRE_OK(WritePrivateFile(folder.path + "/file", "", 0600));
  CHECK(MakePrivateDir(folder.path + "/file").code() != absl::StatusCode::kOk);
  CHECK(MakePrivateDir(folder.path + "/file/dir").code() != absl::StatusCode::kOk);
}

}  // namespace
}  // namespace paceline
