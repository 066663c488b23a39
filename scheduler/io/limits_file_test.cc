#include "scheduler/io/limits_file.h"

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline::scheduler {
namespace {

const char kPath[] = "/etc/limits.yaml";

TEST_CASE("users have the defaults but for what is said of them, in any order") {
  REQUIRE_OK_AND_ASSIGN(const LimitTable table, ParseLimits(R"(
users:
  alice: {max_workers: 32, max_active_jobs: 0}
  bob: {}
defaults:
  max_active_jobs: 20
  max_queued_jobs: 5
  max_workers: 8
  max_server_memory: 64GiB
  max_job_ranks: 4
  max_tables_bytes: 512MiB
  max_submits_per_minute: 60
)",
                                                            kPath));
  CHECK(table.file == kPath);
  CHECK(table.For("carol").max_active_jobs == 20);
  CHECK(table.For("carol").max_queued_jobs == 5);
  CHECK(table.For("carol").max_workers == 8);
  CHECK(table.For("").max_server_memory == uint64_t{64} << 30);
  CHECK(table.For("bob").max_job_ranks == 4);
  CHECK(table.For("bob").max_tables_bytes == uint64_t{512} << 20);
  CHECK(table.For("bob").max_submits_per_minute == 60);
  CHECK(table.For("alice").max_workers == 32);
  CHECK(table.For("alice").max_active_jobs == 0);
  CHECK(table.For("alice").max_queued_jobs == 5);
  REQUIRE_OK_AND_ASSIGN(const LimitTable none, ParseLimits("# nothing yet\n", kPath));
  CHECK(none.For("alice") == TenantLimits());
}

TEST_CASE("what is wrong is named with its line") {
  struct Case {
    std::string text;
    std::string says;
  };
  const std::vector<Case> cases = {
      {"default: {}", "/etc/limits.yaml:1: unknown key default; did you mean defaults?"},
      {"defaults:\n  max_worker: 3",
       "limits.yaml:2: unknown key max_worker; did you mean "
       "max_workers?"},
      {"defaults:\n  max_workers: many", "limits.yaml:2: max_workers: a number such as 8"},
      {"defaults: {max_workers: -1}", "got -1"},
      {"defaults: {max_workers: 99999999TiB}", "got 99999999TiB"},
      {"defaults: {max_workers: [1]}", "max_workers: a number"},
      {"users: [alice]", "users: a map expected"},
      {"users:\n  alice: 3", "limits.yaml:2: alice: a map expected"},
      {"users: {alice: {}, alice: {}}", "alice is repeated"},
      {"defaults: {", "/etc/limits.yaml"},
      {"just text", "a map expected"}};
  for (const Case& one : cases) {
    INFO(one.text);
    CHECK_STATUS(ParseLimits(one.text, kPath), absl::StatusCode::kInvalidArgument, one.says);
  }
}

TEST_CASE("a file is read again when it has changed, and once") {
  MemoryFileSystem fs;
  LimitsFile file(&fs, kPath);
  CHECK_STATUS(file.Read(), absl::StatusCode::kNotFound, kPath);
  CHECK_FALSE(file.ReadIfChanged().has_value());
  REQUIRE_OK(fs.CreateDirs("/etc"));
  REQUIRE_OK(WriteFileDurably(fs, kPath, "defaults: {max_workers: 3}"));
  std::optional<absl::StatusOr<LimitTable>> read = file.ReadIfChanged();
  REQUIRE(read.has_value());
  REQUIRE_OK(*read);
  CHECK((*read)->defaults.max_workers == 3);
  CHECK_FALSE(file.ReadIfChanged().has_value());
  {
    REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> more, fs.OpenForAppend(kPath));
    REQUIRE_OK(more->Append("x"));
    REQUIRE_OK(more->Close());
  }
  read = file.ReadIfChanged();
  REQUIRE(read.has_value());
  CHECK_STATUS(*read, absl::StatusCode::kInvalidArgument, kPath);
  CHECK_FALSE(file.ReadIfChanged().has_value());
}

}  // namespace
}  // namespace paceline::scheduler
