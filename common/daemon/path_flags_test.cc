#include "common/daemon/path_flags.h"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

using Code = absl::StatusCode;

std::string TempDir() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string pattern = absl::StrCat(base != nullptr ? base : "/tmp", "/paths.XXXXXX");
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

TEST_CASE("without flags jobs may name any file") {
  REQUIRE_OK_AND_ASSIGN(const auto fs, OpenFiles({}, {TempDir()}));
  CHECK(fs->Exists("/etc/passwd"));
  CHECK(PathArguments({}).empty());
}

TEST_CASE("a root shuts all others out; the daemon's own folders stay open to it") {
  const std::string own = TempDir();
  const std::string cuts = TempDir();
  const std::string data = TempDir();
  PathFlags flags;
  flags.data_roots = {data};
  flags.checkpoint_roots = {cuts};
  REQUIRE_OK_AND_ASSIGN(const auto fs, OpenFiles(flags, {own, ""}));
  CHECK_OK(WriteFileDurably(*fs, own + "/file", "1"));
  CHECK_OK(WriteFileDurably(*fs, cuts + "/file", "1"));
  CHECK_STATUS(WriteFileDurably(*fs, data + "/file", "1"), Code::kPermissionDenied, "only read");
  CHECK_FALSE(fs->Exists("/etc/passwd"));
  CHECK(PathArguments(flags) ==
        std::vector<std::string>{"--data-root=" + data, "--checkpoint-root=" + cuts});
}

TEST_CASE("the flags of a daemon are those of its tasks") {
  PathFlags parsed;
  CLI::App app;
  AddPathFlags(&app, &parsed);
  app.parse("--data-root=/a --data-root=/b --checkpoint-root=/c", false);
  CHECK(PathArguments(parsed) ==
        std::vector<std::string>{"--data-root=/a", "--data-root=/b", "--checkpoint-root=/c"});
}

}  // namespace
}  // namespace paceline
