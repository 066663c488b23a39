// An Environment for tests: streams that are strings, the real clock, a folder that
// goes away.
#ifndef PACELINE_CLI_TEST_ENVIRONMENT_H_
#define PACELINE_CLI_TEST_ENVIRONMENT_H_

#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/temp_folder.h"
#include "common/clock.h"
#include "common/fs_posix.h"

namespace paceline::cli {

inline TempFolder NewTempFolder() {
  const char* base = std::getenv("TEST_TMPDIR");
  absl::StatusOr<TempFolder> folder = TempFolder::Create(base == nullptr ? "/tmp" : base);
  REQUIRE(folder.ok());
  return *std::move(folder);
}

struct TestEnvironment {
  std::ostringstream out;
  std::ostringstream err;
  RealClock clock;
  PosixFileSystem fs;
  Interrupt interrupt;
  TempFolder folder = NewTempFolder();
  Environment env{.out = out,
                  .err = err,
                  .clock = clock,
                  .fs = fs,
                  .interrupt = interrupt,
                  .address_variable = "127.0.0.1:1",
                  .config_file = JoinPath(folder.path(), "config.yaml"),
                  .self = "/nowhere/pacectl",
                  .temp_dir = folder.path(),
                  .random_id = [] { return std::string("00112233445566778899aabbccddeeff"); }};

  // A file in the folder.
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = JoinPath(folder.path(), name);
    REQUIRE(WriteFileDurably(fs, path, text).ok());
    return path;
  }
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_TEST_ENVIRONMENT_H_
