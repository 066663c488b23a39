#include "scheduler/io/sqlite_journal.h"

#include <sqlite3.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/status/status_macros.h"
#include "common/status/status_matchers.h"

namespace paceline::scheduler {
namespace {

std::string TemporaryFile() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string folder = std::string(base == nullptr ? "/tmp" : base) + "/journal-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  return folder + "/scheduler.db";
}

std::vector<v1::Update> Updates(int first, int count) {
  std::vector<v1::Update> updates(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    updates[static_cast<size_t>(i)].mutable_generation_started()->set_generation(
        static_cast<uint64_t>(first + i));
  }
  return updates;
}

// Snapshot index, then generations.
absl::StatusOr<std::vector<uint64_t>> ReadAll(Journal* journal) {
  std::vector<uint64_t> all = {0};
  PL_RETURN_IF_ERROR(journal->Replay(
      [&](const v1::StateSnapshot& snapshot) {
        all[0] = snapshot.journal_index();
        return absl::OkStatus();
      },
      [&](const v1::Update& update) {
        all.push_back(update.generation_started().generation());
        return absl::OkStatus();
      }));
  return all;
}

void RunSql(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  REQUIRE(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

TEST_CASE("what is appended is there after a restart, in order") {
  const std::string path = TemporaryFile();
  {
    REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(path));
    CHECK(journal->entries() == 0);
    REQUIRE_OK(journal->Append(Updates(1, 3)));
    REQUIRE_OK(journal->Append({}));
    REQUIRE_OK(journal->Append(Updates(4, 1)));
    CHECK(journal->entries() == 4);
  }
  REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(path));
  REQUIRE_OK_AND_ASSIGN(const auto all, ReadAll(journal.get()));
  CHECK(all == std::vector<uint64_t>{0, 1, 2, 3, 4});
  REQUIRE_OK(journal->Append(Updates(5, 1)));
  REQUIRE_OK_AND_ASSIGN(const auto more, ReadAll(journal.get()));
  CHECK(more.back() == 5);
}

TEST_CASE("a snapshot stands for the entries up to it") {
  const std::string path = TemporaryFile();
  {
    REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(path));
    REQUIRE_OK(journal->Append(Updates(1, 5)));
    v1::StateSnapshot snapshot;
    snapshot.set_journal_index(3);
    REQUIRE_OK(journal->Compact(snapshot));
    CHECK(journal->entries() == 2);
    REQUIRE_OK(journal->Append(Updates(6, 1)));
  }
  {
    REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(path));
    REQUIRE_OK_AND_ASSIGN(const auto all, ReadAll(journal.get()));
    CHECK(all == std::vector<uint64_t>{3, 4, 5, 6});
    v1::StateSnapshot snapshot;
    snapshot.set_journal_index(6);
    REQUIRE_OK(journal->Compact(snapshot));
  }
  // The index goes on although no entry is left.
  REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(path));
  CHECK(journal->entries() == 0);
  REQUIRE_OK(journal->Append(Updates(7, 1)));
  REQUIRE_OK_AND_ASSIGN(const auto all, ReadAll(journal.get()));
  CHECK(all == std::vector<uint64_t>{6, 7});
}

uint64_t BytesOnDisk(const std::string& path) {
  uint64_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path + suffix, error);
    if (!error) bytes += size;
  }
  return bytes;
}

TEST_CASE("snapshots bound what lies on the disk, however many updates there were") {
  const std::string path = TemporaryFile();
  REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(path));
  uint64_t index = 0;
  uint64_t early = 0;
  // By then SQLite's own log has reached the size at which it begins anew.
  constexpr int kHalf = 80;
  for (int round = 0; round < 2 * kHalf; ++round) {
    for (int batch = 0; batch < 10; ++batch) {
      REQUIRE_OK(journal->Append(Updates(index + 1, 50)));
      index += 50;
    }
    v1::StateSnapshot snapshot;
    snapshot.set_journal_index(index);
    REQUIRE_OK(journal->Compact(snapshot));
    if (round + 1 == kHalf) early = BytesOnDisk(path);
  }
  CHECK(journal->entries() == 0);
  CHECK(BytesOnDisk(path) <= early * 5 / 4);
}

TEST_CASE("one process at a time") {
  const std::string path = TemporaryFile();
  REQUIRE_OK_AND_ASSIGN(auto first, SqliteJournal::Open(path));
  CHECK_STATUS(SqliteJournal::Open(path), absl::StatusCode::kFailedPrecondition,
               "another process has it open");
}

TEST_CASE("damage is found and named") {
  const std::string path = TemporaryFile();
  {
    REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(path));
    REQUIRE_OK(journal->Append(Updates(1, 4)));
    v1::StateSnapshot snapshot;
    snapshot.set_journal_index(1);
    REQUIRE_OK(journal->Compact(snapshot));
  }
  const auto read = [&]() -> absl::Status {
    PL_ASSIGN_OR_RETURN(auto journal, SqliteJournal::Open(path));
    return ReadAll(journal.get()).status();
  };
  SECTION("an entry with other bytes") {
    RunSql(path, "UPDATE entries SET body = x'00' WHERE idx = 3");
    CHECK_STATUS(read(), absl::StatusCode::kDataLoss, "entry 3 is damaged");
  }
  SECTION("an entry that is missing") {
    RunSql(path, "DELETE FROM entries WHERE idx = 3");
    CHECK_STATUS(read(), absl::StatusCode::kDataLoss, "entry 3 is missing, the next one is 4");
  }
  SECTION("a snapshot with other bytes") {
    RunSql(path, "UPDATE snapshot SET body = x'08'");
    CHECK_STATUS(read(), absl::StatusCode::kDataLoss, "snapshot is damaged");
  }
  SECTION("a newer format") {
    RunSql(path, "UPDATE meta SET value = 2");
    CHECK_STATUS(read(), absl::StatusCode::kFailedPrecondition,
                 "format version 2, this program reads 1 to 1");
  }
  SECTION("another file") {
    std::ofstream(path, std::ios::trunc) << std::string(5000, 'x');
    CHECK_STATUS(read(), absl::StatusCode::kDataLoss, path);
  }
  SECTION("a page of zeros") {
    RunSql(path, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE");
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    const std::string zeros(4096, '\0');
    file.write(zeros.data(), 4096);
    file.close();
    CHECK_STATUS(read(), absl::StatusCode::kDataLoss, path);
  }
}

TEST_CASE("a folder that is not there") {
  CHECK_STATUS(SqliteJournal::Open("/nonexistent/folder/scheduler.db"),
               absl::StatusCode::kUnavailable, "/nonexistent");
}

TEST_CASE("a callback's error stops the replay") {
  REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(TemporaryFile()));
  REQUIRE_OK(journal->Append(Updates(1, 3)));
  int seen = 0;
  CHECK_STATUS(journal->Replay([](const v1::StateSnapshot&) { return absl::OkStatus(); },
                               [&](const v1::Update&) {
                                 ++seen;
                                 return absl::DataLossError("stop here");
                               }),
               absl::StatusCode::kDataLoss, "stop here");
  CHECK(seen == 1);
}

}  // namespace
}  // namespace paceline::scheduler
