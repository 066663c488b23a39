#include "worker/io/trace/trace_file.h"

#include <pthread.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status/status_macros.h"

namespace paceline::worker {
namespace {

absl::Status CannotWrite(const absl::Status& cause) {
  return absl::InvalidArgumentError(
      absl::StrCat("--trace: a file that can be written expected, got: ", cause.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceFile>> TraceFile::Start(Options options) {
  absl::StatusOr<std::unique_ptr<WritableFile>> file = options.fs->OpenForWrite(options.path);
  if (!file.ok()) return CannotWrite(file.status());
  const std::string begin = ChromeTraceBegin(options.rank);
  if (const absl::Status begun = (*file)->Append(begin); !begun.ok()) return CannotWrite(begun);
  std::unique_ptr<TraceFile> trace(new TraceFile(std::move(options), *std::move(file)));
  trace->bytes_ = begin.size();
  trace->thread_ = std::thread([trace = trace.get()] { trace->Run(); });
  pthread_setname_np(trace->thread_.native_handle(), "trace");
  return trace;
}

TraceFile::TraceFile(Options options, std::unique_ptr<WritableFile> file)
    : options_(std::move(options)),
      many_((options_.limits.most_waiting + 1) / 2),
      file_(std::move(file)) {}

TraceFile::~TraceFile() {
  Close();
  thread_.join();
}

void TraceFile::Add(const TraceSpan& span) {
  MutexLock lock(&mu_);
  if (closing_) return;
  if (waiting_.size() >= options_.limits.most_waiting) {
    ++dropped_;
    return;
  }
  waiting_.push_back(span);
  if (waiting_.size() == many_) changed_.NotifyAll();
}

void TraceFile::Close() {
  MutexLock lock(&mu_);
  closing_ = true;
  changed_.NotifyAll();
  while (!closed_) changed_.Wait(&mu_);
}

void TraceFile::Run() {
  std::vector<TraceSpan> spans;
  for (bool closing = false; !closing;) {
    uint64_t dropped = 0;
    spans.clear();
    {
      MutexLock lock(&mu_);
      options_.clock->Await(
          &mu_, &changed_, options_.clock->Monotonic() + options_.limits.write_every,
          [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
            return closing_ || waiting_.size() >= options_.limits.most_waiting / 2;
          });
      spans.swap(waiting_);
      closing = closing_;
      dropped = dropped_;
    }
    Write(spans);
    if (closing) WriteEnd(dropped);
  }
  MutexLock lock(&mu_);
  closed_ = true;
  changed_.NotifyAll();
}

void TraceFile::Write(const std::vector<TraceSpan>& spans) {
  std::string text;
  for (const TraceSpan& span : spans) {
    if (broken_ || left_out_ > 0) {
      ++left_out_;
      continue;
    }
    const std::string line = ChromeTraceSpan(options_.rank.rank, span);
    if (bytes_ + text.size() + line.size() > options_.limits.most_bytes) {
      LogWarning("the trace is full", {{"file", options_.path},
                                       {"bytes", bytes_ + text.size()},
                                       {"most_bytes", options_.limits.most_bytes}});
      ++left_out_;
      continue;
    }
    text += line;
    ++written_;
  }
  if (!text.empty()) Append(text);
}

void TraceFile::WriteEnd(uint64_t dropped) {
  dropped += left_out_;
  if (dropped > 0) {
    LogWarning("spans of the trace were dropped",
               {{"file", options_.path}, {"written", written_}, {"dropped", dropped}});
  }
  if (!broken_) {
    Append(ChromeTraceEnd(options_.rank.rank, {.spans = written_, .dropped = dropped}));
  }
  const absl::Status closed = file_->Close();
  if (!closed.ok()) LogWarning("the trace may have lost its end", {{"cause", closed}});
}

void TraceFile::Append(const std::string& text) {
  const absl::Status written = file_->Append(text);
  bytes_ += text.size();
  if (written.ok()) return;
  // A part of it may be there, and must be the last.
  broken_ = true;
  LogWarning("the trace ends", {{"file", options_.path}, {"cause", written}});
}

absl::Status CheckTraceFile(FileSystem& fs, const std::string& file) {
  const std::string probe = absl::StrCat(file, ".probe");
  const absl::StatusOr<std::unique_ptr<WritableFile>> opened = fs.OpenForAppend(probe);
  if (!opened.ok()) return CannotWrite(opened.status());
  // Another process that writes the same trace may have looked, too, and removed it.
  const absl::Status removed = fs.Remove(probe);
  return removed.ok() || absl::IsNotFound(removed) ? absl::OkStatus() : CannotWrite(removed);
}

}  // namespace paceline::worker
