#include "common/audit/audit_log.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/fake_clock.h"
#include "common/fs_memory.h"
#include "common/metrics/registry.h"
#include "common/metrics/scrape.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

const char kPath[] = "/data/audit.log";

std::vector<std::string> Lines(FileSystem& fs, const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(fs, path);
  if (!text.ok()) return {};
  return absl::StrSplit(*text, '\n', absl::SkipEmpty());
}

TEST_CASE("an entry is a line: when, who, from where, what, and how it went") {
  MemoryFileSystem fs;
  REQUIRE_OK(fs.CreateDirs("/data"));
  FakeClock clock(absl::FromUnixMillis(1'700'000'000'123));
  AuditLog log({.fs = &fs, .clock = &clock, .path = kPath});
  log.Record({.caller = {.role = Role::kUser, .name = "alice"},
              .peer = "ipv4:10.0.0.7:4242",
              .method = "CancelJob",
              .target = "job 7",
              .outcome = absl::OkStatus()});
  log.Record({.caller = {.role = Role::kViewer, .name = "wall"},
              .peer = "unix:",
              .method = "DrainNode",
              .target = "node 3",
              .outcome = absl::PermissionDeniedError("may \"not\"\nat all \xff")});
  log.Stop();
  const std::vector<std::string> lines = Lines(fs, kPath);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] ==
        "{\"time\":\"2023-11-14T22:13:20.123Z\",\"role\":\"user\",\"name\":\"alice\","
        "\"peer\":\"ipv4:10.0.0.7:4242\",\"method\":\"CancelJob\",\"target\":\"job 7\","
        "\"code\":\"OK\",\"message\":\"\"}");
  CHECK_THAT(lines[1], Catch::Contains("\"code\":\"PERMISSION_DENIED\",\"message\":\"may "
                                       "\\\"not\\\"\\nat all \xEF\xBF\xBD\"}"));
  CHECK(log.Stats().written == 2);
  CHECK(log.Stats().lost == 0);
  // What comes too late is counted.
  log.Record({});
  CHECK(log.Stats().lost == 1);
  metrics::Registry registry;
  registry.AddCollector([&](metrics::Scrape* out) { AddAuditMetrics(log.Stats(), out); });
  CHECK_THAT(registry.Text(), Catch::Contains("\npaceline_audit_lines_total 2\n"));
  CHECK_THAT(registry.Text(), Catch::Contains("\npaceline_audit_lines_lost_total 1\n"));
}

TEST_CASE("a full file makes way, and the oldest goes") {
  MemoryFileSystem fs;
  REQUIRE_OK(fs.CreateDirs("/data"));
  FakeClock clock;
  const auto entry = [](int i) {
    return AuditEntry{
        .caller = {}, .peer = "", .method = "M", .target = std::to_string(i), .outcome = {}};
  };
  uint64_t line_bytes = 0;
  {
    AuditLog log({.fs = &fs, .clock = &clock, .path = kPath});
    log.Record(entry(100));
    log.Stop();
    line_bytes = *fs.Size(kPath);
  }
  // Two lines a file; the log goes on where the last one ended.
  AuditLog log({.fs = &fs, .clock = &clock, .path = kPath, .max_bytes = 2 * line_bytes});
  for (int i = 101; i < 120; ++i) log.Record(entry(i));
  log.Stop();
  CHECK(log.Stats().written == 19);
  CHECK(Lines(fs, kPath).size() == 2);
  CHECK_THAT(Lines(fs, kPath)[1], Catch::Contains("\"119\""));
  CHECK_THAT(Lines(fs, std::string(kPath) + ".1")[1], Catch::Contains("\"117\""));
  CHECK_THAT(Lines(fs, std::string(kPath) + ".5")[0], Catch::Contains("\"108\""));
  CHECK_FALSE(fs.Exists(std::string(kPath) + ".6"));
}

// Whose files cannot be opened while it is told so.
class FullFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override {
    if (full) return absl::ResourceExhaustedError("disk full");
    return fs_.OpenForAppend(path);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path) override {
    return fs_.OpenForWrite(path);
  }
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override {
    return fs_.OpenForRead(path);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return fs_.Rename(from, to);
  }
  absl::Status SyncDir(const std::string& dir) override { return fs_.SyncDir(dir); }
  absl::Status Remove(const std::string& path) override { return fs_.Remove(path); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& dir) override {
    return fs_.List(dir);
  }
  bool Exists(const std::string& path) override { return fs_.Exists(path); }
  absl::StatusOr<uint64_t> Size(const std::string& path) override { return fs_.Size(path); }
  absl::Status CreateDirs(const std::string& dir) override { return fs_.CreateDirs(dir); }

  bool full = false;

 private:
  MemoryFileSystem fs_;
};

TEST_CASE("a log that cannot be written says so, and writes again once it can") {
  FullFileSystem fs;
  REQUIRE_OK(fs.CreateDirs("/data"));
  FakeClock clock;
  {
    fs.full = true;
    AuditLog log({.fs = &fs, .clock = &clock, .path = kPath});
    log.Record({});
    log.Stop();
    CHECK_STATUS(log.Health(), absl::StatusCode::kResourceExhausted, "disk full");
    CHECK(log.Stats().lost == 1);
  }
  fs.full = false;
  AuditLog log({.fs = &fs, .clock = &clock, .path = kPath});
  log.Record({});
  log.Stop();
  CHECK_OK(log.Health());
  CHECK(Lines(fs, kPath).size() == 1);
}

}  // namespace
}  // namespace paceline
