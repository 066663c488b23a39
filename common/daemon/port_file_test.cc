#include "common/daemon/port_file.h"

#include <catch2/catch.hpp>

#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("what is announced is read back, also after a crash") {
  MemoryFileSystem fs;
  REQUIRE_STATUS(ReadPortFile(fs, "/p"), absl::StatusCode::kNotFound, "/p");
  REQUIRE_OK(AnnouncePorts(fs, "server", "/p", {.port = 7071, .http_port = 8071}));
  fs.ForgetUnsynced();
  REQUIRE_OK_AND_ASSIGN(const BoundPorts ports, ReadPortFile(fs, "/p"));
  REQUIRE(ports == BoundPorts{7071, 8071});
  REQUIRE_OK(AnnouncePorts(fs, "server", "", {.port = 1}));
}

TEST_CASE("other files are refused") {
  MemoryFileSystem fs;
  for (const char* text : {"", "7071\n", "port x\n", "http_port 8071\n"}) {
    REQUIRE_OK(WriteFileDurably(fs, "/p", text));
    CHECK_STATUS(ReadPortFile(fs, "/p"), absl::StatusCode::kDataLoss, "/p");
  }
}

}  // namespace
}  // namespace paceline
