#include "scheduler/io/sqlite_journal.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/failpoint/failpoint.h"
#include "common/format_version/format_version.h"
#include "common/hash.h"
#include "common/status/status_macros.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kFormatVersion = 1;

// SQLite's numbers are signed.
sqlite3_int64 Signed(uint64_t value) { return static_cast<sqlite3_int64>(value); }
uint64_t ColumnNumber(sqlite3_stmt* statement, int column) {
  return static_cast<uint64_t>(sqlite3_column_int64(statement, column));
}
absl::string_view ColumnBytes(sqlite3_stmt* statement, int column) {
  // The pointer first: it may convert, the size is then that of the result.
  const void* data = sqlite3_column_blob(statement, column);
  return {static_cast<const char*>(data),
          static_cast<size_t>(sqlite3_column_bytes(statement, column))};
}

}  // namespace

void SqliteJournal::CloseDatabase::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}
void SqliteJournal::FinalizeStatement::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteJournal::SqliteJournal(std::string path, sqlite3* database)
    : path_(std::move(path)), database_(database) {}
SqliteJournal::~SqliteJournal() = default;

absl::StatusOr<std::unique_ptr<SqliteJournal>> SqliteJournal::Open(const std::string& path) {
  sqlite3* database = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &database,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  // Even a failed open makes an object that has to be closed.
  std::unique_ptr<SqliteJournal> journal(new SqliteJournal(path, database));
  if (code != SQLITE_OK) return journal->Error(code, "open");
  PL_RETURN_IF_ERROR(journal->SetUp());
  return journal;
}

absl::Status SqliteJournal::SetUp() {
  // Exclusive: a second scheduler on the same folder is refused by the lock that
  // the first write takes and keeps.
  PL_RETURN_IF_ERROR(Execute("PRAGMA locking_mode=EXCLUSIVE"));
  PL_RETURN_IF_ERROR(Execute("PRAGMA synchronous=FULL"));
  PL_ASSIGN_OR_RETURN(const std::string mode, QueryText("PRAGMA journal_mode=WAL"));
  if (mode != "wal") {
    return absl::UnavailableError(
        absl::StrCat("journal ", path_, ": the file system allows no WAL, got ", mode));
  }
  PL_ASSIGN_OR_RETURN(const std::string integrity, QueryText("PRAGMA integrity_check(1)"));
  if (integrity != "ok") {
    return absl::DataLossError(absl::StrCat("journal ", path_, " is damaged: ", integrity));
  }
  PL_RETURN_IF_ERROR(Transact([this]() -> absl::Status {
    PL_RETURN_IF_ERROR(Execute("CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value)"));
    PL_RETURN_IF_ERROR(CheckFormat());
    PL_RETURN_IF_ERROR(
        Execute("CREATE TABLE IF NOT EXISTS entries("
                "idx INTEGER PRIMARY KEY, xxh3 INTEGER NOT NULL, body BLOB NOT NULL)"));
    return Execute(
        "CREATE TABLE IF NOT EXISTS snapshot(id INTEGER PRIMARY KEY CHECK(id = 1), "
        "idx INTEGER NOT NULL, xxh3 INTEGER NOT NULL, body BLOB NOT NULL)");
  }));
  PL_ASSIGN_OR_RETURN(snapshot_index_, QueryNumber("SELECT ifnull(max(idx), 0) FROM snapshot"));
  PL_ASSIGN_OR_RETURN(last_index_,
                      QueryNumber("SELECT max(ifnull((SELECT max(idx) FROM entries), 0), "
                                  "ifnull((SELECT max(idx) FROM snapshot), 0))"));
  PL_ASSIGN_OR_RETURN(insert_, Prepare("INSERT INTO entries(idx, xxh3, body) VALUES(?, ?, ?)"));
  return absl::OkStatus();
}

absl::Status SqliteJournal::CheckFormat() {
  PL_ASSIGN_OR_RETURN(
      const uint64_t version,
      QueryNumber("SELECT ifnull((SELECT value FROM meta WHERE key = 'format_version'), 0)"));
  if (version == 0) {
    return Execute("INSERT INTO meta(key, value) VALUES('format_version', 1)");
  }
  return CheckFormatVersion(absl::StrCat("journal ", path_), kFormatVersion, version);
}

absl::Status SqliteJournal::Replay(
    const std::function<absl::Status(const v1::StateSnapshot&)>& on_snapshot,
    const std::function<absl::Status(const v1::Update&)>& on_update) {
  PL_ASSIGN_OR_RETURN(const Statement snapshots, Prepare("SELECT idx, xxh3, body FROM snapshot"));
  int code = sqlite3_step(snapshots.get());
  if (code == SQLITE_ROW) {
    const absl::string_view body = ColumnBytes(snapshots.get(), 2);
    v1::StateSnapshot snapshot;
    if (HashBytes(body) != ColumnNumber(snapshots.get(), 1) ||
        !snapshot.ParseFromArray(body.data(), static_cast<int>(body.size())) ||
        snapshot.journal_index() != snapshot_index_) {
      return absl::DataLossError(absl::StrCat("journal ", path_, ": the snapshot is damaged"));
    }
    PL_RETURN_IF_ERROR(on_snapshot(snapshot));
    code = sqlite3_step(snapshots.get());
  }
  if (code != SQLITE_DONE) return Error(code, "read the snapshot");

  PL_ASSIGN_OR_RETURN(const Statement entries,
                      Prepare("SELECT idx, xxh3, body FROM entries WHERE idx > ? ORDER BY idx"));
  sqlite3_bind_int64(entries.get(), 1, Signed(snapshot_index_));
  uint64_t expected = snapshot_index_ + 1;
  while ((code = sqlite3_step(entries.get())) == SQLITE_ROW) {
    const uint64_t index = ColumnNumber(entries.get(), 0);
    if (index != expected) {
      return absl::DataLossError(absl::StrCat("journal ", path_, ": entry ", expected,
                                              " is missing, the next one is ", index));
    }
    const absl::string_view body = ColumnBytes(entries.get(), 2);
    v1::Update update;
    if (HashBytes(body) != ColumnNumber(entries.get(), 1) ||
        !update.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
      return absl::DataLossError(absl::StrCat("journal ", path_, ": entry ", index, " is damaged"));
    }
    PL_RETURN_IF_ERROR(on_update(update));
    ++expected;
  }
  if (code != SQLITE_DONE) return Error(code, "read the entries");
  return absl::OkStatus();
}

absl::Status SqliteJournal::Append(absl::Span<const v1::Update> updates) {
  if (updates.empty()) return absl::OkStatus();
  PL_RETURN_IF_ERROR(Failpoint("scheduler.journal.append"));
  uint64_t index = last_index_;
  PL_RETURN_IF_ERROR(Transact([&]() -> absl::Status {
    for (const v1::Update& update : updates) {
      PL_RETURN_IF_ERROR(InsertEntry(++index, update.SerializeAsString()));
    }
    return absl::OkStatus();
  }));
  last_index_ = index;
  Failpoint("scheduler.journal.append.after").IgnoreError();
  return absl::OkStatus();
}

absl::Status SqliteJournal::InsertEntry(uint64_t index, const std::string& body) {
  sqlite3_bind_int64(insert_.get(), 1, Signed(index));
  sqlite3_bind_int64(insert_.get(), 2, Signed(HashBytes(body)));
  sqlite3_bind_blob64(insert_.get(), 3, body.data(), body.size(), SQLITE_STATIC);
  const absl::Status inserted = Step(insert_.get());
  sqlite3_reset(insert_.get());
  sqlite3_clear_bindings(insert_.get());
  return inserted;
}

absl::Status SqliteJournal::Compact(const v1::StateSnapshot& snapshot) {
  PL_RETURN_IF_ERROR(Failpoint("scheduler.journal.compact"));
  const std::string body = snapshot.SerializeAsString();
  PL_RETURN_IF_ERROR(Transact([&]() -> absl::Status {
    PL_ASSIGN_OR_RETURN(
        const Statement replace,
        Prepare("INSERT OR REPLACE INTO snapshot(id, idx, xxh3, body) VALUES(1, ?, ?, ?)"));
    sqlite3_bind_int64(replace.get(), 1, Signed(snapshot.journal_index()));
    sqlite3_bind_int64(replace.get(), 2, Signed(HashBytes(body)));
    sqlite3_bind_blob64(replace.get(), 3, body.data(), body.size(), SQLITE_STATIC);
    PL_RETURN_IF_ERROR(Step(replace.get()));
    PL_ASSIGN_OR_RETURN(const Statement remove, Prepare("DELETE FROM entries WHERE idx <= ?"));
    sqlite3_bind_int64(remove.get(), 1, Signed(snapshot.journal_index()));
    return Step(remove.get());
  }));
  snapshot_index_ = snapshot.journal_index();
  Failpoint("scheduler.journal.compact.after").IgnoreError();
  last_index_ = std::max(last_index_, snapshot_index_);
  return absl::OkStatus();
}

absl::Status SqliteJournal::Transact(const std::function<absl::Status()>& write) {
  PL_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  absl::Status status = write();
  if (status.ok()) status = Execute("COMMIT");
  // Some errors have rolled back already; then this fails and means nothing.
  if (!status.ok()) Execute("ROLLBACK").IgnoreError();
  return status;
}

absl::Status SqliteJournal::Execute(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code, sql);
}

absl::StatusOr<SqliteJournal::Statement> SqliteJournal::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr);
  if (code != SQLITE_OK) return Error(code, sql);
  return Statement(statement);
}

absl::StatusOr<std::string> SqliteJournal::QueryText(const char* sql) {
  PL_ASSIGN_OR_RETURN(const Statement statement, Prepare(sql));
  const int code = sqlite3_step(statement.get());
  if (code != SQLITE_ROW) return Error(code, sql);
  return std::string(ColumnBytes(statement.get(), 0));
}

absl::StatusOr<uint64_t> SqliteJournal::QueryNumber(const char* sql) {
  PL_ASSIGN_OR_RETURN(const Statement statement, Prepare(sql));
  const int code = sqlite3_step(statement.get());
  if (code != SQLITE_ROW) return Error(code, sql);
  return ColumnNumber(statement.get(), 0);
}

absl::Status SqliteJournal::Step(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  return code == SQLITE_DONE ? absl::OkStatus() : Error(code, sqlite3_sql(statement));
}

absl::Status SqliteJournal::Error(int code, const char* doing) const {
  const std::string text = absl::StrCat(
      "journal ", path_, ": ",
      database_ == nullptr ? "out of memory" : sqlite3_errmsg(database_.get()), " (", doing, ")");
  switch (code & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::FailedPreconditionError(absl::StrCat(text, ": another process has it open"));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(text);
    default:
      return absl::UnavailableError(text);
  }
}

}  // namespace paceline::scheduler
