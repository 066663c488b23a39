#include "scheduler/io/cut_files.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline::scheduler {
namespace {

void AddCut(FileSystem& fs, const std::string& dir) {
  REQUIRE_OK(fs.CreateDirs(dir));
  REQUIRE_OK(WriteFileDurably(fs, dir + "/manifest.json", "{}"));
  REQUIRE_OK(WriteFileDurably(fs, dir + "/shard-0.safetensors", "rows"));
}

TEST_CASE("all cuts of a job go, for good, and nothing beside them") {
  MemoryFileSystem fs;
  AddCut(fs, "/cuts/job-1/00000001");
  AddCut(fs, "/cuts/job-1/00000012");
  // Not committed.
  REQUIRE_OK(fs.CreateDirs("/cuts/job-1/00000013"));
  REQUIRE_OK(WriteFileDurably(fs, "/cuts/job-1/00000013/shard-0.safetensors", "half"));
  AddCut(fs, "/cuts/job-10/00000001");
  REQUIRE_OK(fs.SyncDir("/cuts"));
  REQUIRE_OK(RemoveAllCuts(fs, "/cuts/job-1"));
  fs.ForgetUnsynced();
  CHECK_FALSE(fs.Exists("/cuts/job-1"));
  CHECK(fs.Exists("/cuts/job-10/00000001/manifest.json"));
  // Again, after a crash between this and the journal.
  CHECK_OK(RemoveAllCuts(fs, "/cuts/job-1"));
}

TEST_CASE("what somebody else has put among the cuts stays") {
  MemoryFileSystem fs;
  AddCut(fs, "/cuts/job-1/00000001");
  REQUIRE_OK(WriteFileDurably(fs, "/cuts/job-1/notes.txt", "mine"));
  REQUIRE_OK(RemoveAllCuts(fs, "/cuts/job-1"));
  CHECK_FALSE(fs.Exists("/cuts/job-1/00000001/manifest.json"));
  CHECK(fs.Exists("/cuts/job-1/notes.txt"));
}

}  // namespace
}  // namespace paceline::scheduler
