// Who changed what, or tried to: one line of JSON for each call, in a file of its own.
//
//   {"time":"2026-03-01T12:00:00.000Z","role":"user","name":"alice","peer":"ipv4:10.0.0.7:4242",
//    "method":"CancelJob","target":"job 7","code":"OK","message":""}
//
// Record never blocks: lines wait in a queue of kQueueLines for the thread that writes them;
// what finds it full is counted and lost. A file beyond max_bytes becomes `<path>.1`, that one
// `.2`, and so on up to kKeptFiles; the oldest goes. A write that fails is logged once for each
// series, tells Health, and its line is lost.
//
// Entries hold names and ids, never what a caller sent: no secrets.
//
// Thread-safe. Owns its thread.
#ifndef PACELINE_COMMON_AUDIT_AUDIT_LOG_H_
#define PACELINE_COMMON_AUDIT_AUDIT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/fs.h"
#include "common/metrics/scrape.h"
#include "common/security/identity.h"
#include "common/sync.h"

namespace paceline {

struct AuditEntry {
  Identity caller;
  // Where from, as gRPC writes it.
  std::string peer;
  // "CancelJob".
  std::string method;
  // "job 7", "node 3"; empty: nothing in particular.
  std::string target;
  absl::Status outcome;
};

struct AuditStats {
  uint64_t written = 0;
  // Because the queue was full, or a write failed.
  uint64_t lost = 0;
};

// paceline_audit_lines_total and paceline_audit_lines_lost_total.
void AddAuditMetrics(const AuditStats& stats, metrics::Scrape* out);

class AuditLog {
 public:
  static constexpr size_t kQueueLines = 10000;
  static constexpr int kKeptFiles = 5;

  struct Options {
    // Both outlive the log.
    FileSystem* fs = nullptr;
    Clock* clock = nullptr;
    std::string path;
    // Bytes of one file.
    uint64_t max_bytes = uint64_t{16} << 20;
  };

  explicit AuditLog(Options options);
  // Stops.
  ~AuditLog();

  void Record(const AuditEntry& entry);

  // OK, or how the last write failed.
  absl::Status Health() const;
  AuditStats Stats() const;

  // Writes what is queued, and joins. What is recorded later is lost. May be called twice.
  void Stop();

 private:
  void Run();
  // Of the thread.
  absl::Status Write(const std::string& line);
  absl::Status Rotate();

  const Options options_;
  // Of the thread.
  std::unique_ptr<WritableFile> file_;
  uint64_t file_bytes_ = 0;

  mutable Mutex mu_;
  CondVar changed_;
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mu_);
  AuditStats stats_ ABSL_GUARDED_BY(mu_);
  absl::Status health_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_AUDIT_AUDIT_LOG_H_
