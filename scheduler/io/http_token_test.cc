#include "scheduler/io/http_token.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_matchers.h"

namespace paceline::scheduler {
namespace {

std::string TemporaryFolder() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string folder = absl::StrCat(base == nullptr ? "/tmp" : base, "/token-XXXXXX");
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  return folder;
}

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Write(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream(path) << text;
  REQUIRE(chmod(path.c_str(), mode) == 0);
}

TEST_CASE("a token is made once, for its owner alone") {
  const std::string path = absl::StrCat(TemporaryFolder(), "/http-token");
  // Left behind by a crash, readable by everybody.
  Write(path + ".new", "half", 0644);
  REQUIRE_OK_AND_ASSIGN(const std::string token, LoadOrMakeHttpToken(path));
  CHECK(token.size() == 64);
  CHECK(Read(path) == token + "\n");
  struct stat facts;
  REQUIRE(stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0600);
  CHECK(access((path + ".new").c_str(), F_OK) != 0);

  REQUIRE_OK_AND_ASSIGN(const std::string again, LoadOrMakeHttpToken(path));
  CHECK(again == token);
  REQUIRE(unlink(path.c_str()) == 0);
  REQUIRE_OK_AND_ASSIGN(const std::string other, LoadOrMakeHttpToken(path));
  CHECK(other != token);
}

TEST_CASE("what is no token, or no secret, is refused by name") {
  const std::string folder = TemporaryFolder();
  const std::string path = absl::StrCat(folder, "/http-token");
  const std::string good(64, 'a');
  const auto [text, mode] = GENERATE_COPY(
      std::pair<std::string, mode_t>{good, 0640}, std::pair<std::string, mode_t>{good, 0604},
      std::pair<std::string, mode_t>{"", 0600}, std::pair<std::string, mode_t>{"secret", 0600},
      std::pair<std::string, mode_t>{good + "a", 0600},
      std::pair<std::string, mode_t>{std::string(64, 'g'), 0600});
  INFO(text << " " << mode);
  Write(path, text, mode);
  const absl::Status status = LoadOrMakeHttpToken(path).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(absl::StrContains(status.message(), path));
}

TEST_CASE("a link is not followed, a missing folder is named") {
  const std::string folder = TemporaryFolder();
  const std::string path = absl::StrCat(folder, "/http-token");
  REQUIRE(symlink("/dev/null", path.c_str()) == 0);
  CHECK_FALSE(LoadOrMakeHttpToken(path).ok());
  const absl::Status status = LoadOrMakeHttpToken(absl::StrCat(folder, "/no/token")).status();
  CHECK(absl::StrContains(status.message(), "/no/token"));
}

TEST_CASE("tokens are compared whole") {
  CHECK(SameToken("abc", "abc"));
  CHECK_FALSE(SameToken("abc", "abd"));
  CHECK_FALSE(SameToken("abc", "ab"));
  CHECK_FALSE(SameToken("", "a"));
}

}  // namespace
}  // namespace paceline::scheduler
