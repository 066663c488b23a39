// A rank's trace in a file (worker/core/trace/chrome_trace.h).
//
//   PL_ASSIGN_OR_RETURN(auto trace, TraceFile::Start({.path = "t.json", .fs = &fs, ...}));
//   trace->Add(span);     // from any thread
//   trace->Close();
//
// A thread of its own writes what was added, some times a second and whole lines at once: the
// file can be read at any time, also when its process was killed. What comes faster than it
// is written, and what does not fit into the file, is dropped, and said at the end, in the
// log and in the file.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_TRACE_TRACE_FILE_H_
#define PACELINE_WORKER_IO_TRACE_TRACE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/fs.h"
#include "common/sync.h"
#include "worker/core/trace/chrome_trace.h"
#include "worker/core/trace/tracer.h"

namespace paceline::worker {

struct TraceFileLimits {
  // Spans that wait to be written.
  size_t most_waiting = size_t{1} << 16;
  // Of the file; its end may go a few hundred bytes beyond.
  uint64_t most_bytes = uint64_t{1} << 30;
  // How long a span waits at most.
  absl::Duration write_every = absl::Milliseconds(100);
};

class TraceFile final : public Tracer {
 public:
  struct Options {
    std::string path;
    TracedRank rank;
    TraceFileLimits limits = {};
    // Both outlive it.
    FileSystem* fs = nullptr;
    Clock* clock = nullptr;
  };

  // Creates the file, or empties it, and writes its beginning.
  // Errors:  InvalidArgument  it cannot be written; names the path and the cause.
  static absl::StatusOr<std::unique_ptr<TraceFile>> Start(Options options);

  // Closes.
  ~TraceFile() override;
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  void Add(const TraceSpan& span) override;

  // Writes what was added, and the end; what is added later is forgotten. May be called
  // more than once.
  void Close();

 private:
  TraceFile(Options options, std::unique_ptr<WritableFile> file);

  void Run();
  void Write(const std::vector<TraceSpan>& spans);
  void WriteEnd(uint64_t dropped);
  // Of whole lines.
  void Append(const std::string& text);

  const Options options_;
  // When so many wait, they are written at once: half of those that may.
  const size_t many_;

  Mutex mu_;
  CondVar changed_;
  std::vector<TraceSpan> waiting_ ABSL_GUARDED_BY(mu_);
  // For want of room among those that wait.
  uint64_t dropped_ ABSL_GUARDED_BY(mu_) = 0;
  bool closing_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;

  // Of the thread.
  const std::unique_ptr<WritableFile> file_;
  uint64_t bytes_ = 0;
  uint64_t written_ = 0;
  // For want of room in the file.
  uint64_t left_out_ = 0;
  // Nothing more is written: the disk is full, or the like.
  bool broken_ = false;

  // Last: starts when all else is ready.
  std::thread thread_;
};

// Whether traces can be written beside `file` (worker/core/trace/trace_path.h).
// Errors:  InvalidArgument  they cannot; names the path and the cause.
absl::Status CheckTraceFile(FileSystem& fs, const std::string& file);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TRACE_TRACE_FILE_H_
