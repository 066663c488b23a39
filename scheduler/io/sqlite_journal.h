// The journal in an SQLite file: WAL, synchronous=FULL, one process at a time.
//
//   entries(idx INTEGER PRIMARY KEY, xxh3 INTEGER, body BLOB)   one Update each
//   snapshot(id = 1, idx, xxh3, body)                           a StateSnapshot
//   meta(key, value)                                            format_version = 1
//
// `idx` counts from 1 without a gap; `xxh3` is the XXH3-64 of the body.
// The messages are those of proto/state.proto.
//
// Owned by one thread at a time.
#ifndef PACELINE_SCHEDULER_IO_SQLITE_JOURNAL_H_
#define PACELINE_SCHEDULER_IO_SQLITE_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/core/state/journal.h"

struct sqlite3;
struct sqlite3_stmt;

namespace paceline::scheduler {

class SqliteJournal final : public Journal {
 public:
  // Opens the file or creates it; its folder exists. Checks its integrity.
  // Errors:  DataLoss            not a journal of ours, or damaged.
  //          FailedPrecondition  another process has it open, or a newer version wrote it.
  //          Unavailable         it cannot be opened or written.
  static absl::StatusOr<std::unique_ptr<SqliteJournal>> Open(const std::string& path);

  ~SqliteJournal() override;

  absl::Status Replay(const std::function<absl::Status(const v1::StateSnapshot&)>& on_snapshot,
                      const std::function<absl::Status(const v1::Update&)>& on_update) override;
  absl::Status Append(absl::Span<const v1::Update> updates) override;
  absl::Status Compact(const v1::StateSnapshot& snapshot) override;
  uint64_t entries() const override { return last_index_ - snapshot_index_; }

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

  SqliteJournal(std::string path, sqlite3* database);

  absl::Status SetUp();
  absl::Status CheckFormat();
  absl::Status Execute(const char* sql);
  absl::StatusOr<Statement> Prepare(const char* sql);
  absl::StatusOr<std::string> QueryText(const char* sql);
  absl::StatusOr<uint64_t> QueryNumber(const char* sql);
  // Runs `write` in a transaction; rolled back on an error.
  absl::Status Transact(const std::function<absl::Status()>& write);
  absl::Status Step(sqlite3_stmt* statement);
  absl::Status InsertEntry(uint64_t index, const std::string& body);
  // The error of the last call, by its SQLite code.
  absl::Status Error(int code, const char* doing) const;

  const std::string path_;
  const std::unique_ptr<sqlite3, CloseDatabase> database_;
  Statement insert_;
  uint64_t snapshot_index_ = 0;
  uint64_t last_index_ = 0;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_SQLITE_JOURNAL_H_
