#include "common/audit/audit_log.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

// Of a message, which may quote what a caller sent.
constexpr size_t kMaxMessageBytes = 512;

std::string LineOf(const AuditEntry& entry, absl::Time time) {
  nlohmann::ordered_json line;
  line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
  line["role"] = std::string(RoleName(entry.caller.role));
  line["name"] = entry.caller.name;
  line["peer"] = entry.peer;
  line["method"] = entry.method;
  line["target"] = entry.target;
  line["code"] = absl::StatusCodeToString(entry.outcome.code());
  line["message"] = std::string(entry.outcome.message().substr(0, kMaxMessageBytes));
  // A message that was cut inside a character is no reason to lose the line.
  return line.dump(-1, ' ', /*ensure_ascii=*/false,
                   nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

std::string NumberedPath(const std::string& path, int number) {
  return number == 0 ? path : absl::StrCat(path, ".", number);
}

}  // namespace

void AddAuditMetrics(const AuditStats& stats, metrics::Scrape* out) {
  out->Counter("paceline_audit_lines_total", "Lines of the audit log.",
               static_cast<double>(stats.written));
  out->Counter("paceline_audit_lines_lost_total", "Lines that the audit log could not take.",
               static_cast<double>(stats.lost));
}

AuditLog::AuditLog(Options options) : options_(std::move(options)), thread_([this] { Run(); }) {}

AuditLog::~AuditLog() { Stop(); }

void AuditLog::Record(const AuditEntry& entry) {
  std::string line = LineOf(entry, options_.clock->Now());
  MutexLock lock(&mu_);
  if (stop_ || queue_.size() >= kQueueLines) {
    ++stats_.lost;
    return;
  }
  queue_.push_back(std::move(line));
  changed_.NotifyAll();
}

absl::Status AuditLog::Health() const {
  MutexLock lock(&mu_);
  return health_;
}

AuditStats AuditLog::Stats() const {
  MutexLock lock(&mu_);
  return stats_;
}

void AuditLog::Stop() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void AuditLog::Run() {
  while (true) {
    std::string line;
    {
      MutexLock lock(&mu_);
      while (queue_.empty() && !stop_) changed_.Wait(&mu_);
      if (queue_.empty()) return;
      line = std::move(queue_.front());
      queue_.pop_front();
    }
    absl::Status status = Write(line);
    MutexLock lock(&mu_);
    ++(status.ok() ? stats_.written : stats_.lost);
    if (!status.ok() && health_.ok()) LogError("audit log not written", {{"cause", status}});
    health_ = std::move(status);
  }
}

absl::Status AuditLog::Write(const std::string& line) {
  if (file_ == nullptr) {
    const absl::StatusOr<uint64_t> size = options_.fs->Size(options_.path);
    PL_ASSIGN_OR_RETURN(file_, options_.fs->OpenForAppend(options_.path));
    file_bytes_ = size.ok() ? *size : 0;
  }
  if (file_bytes_ > 0 && file_bytes_ + line.size() > options_.max_bytes) {
    PL_RETURN_IF_ERROR(Rotate());
  }
  absl::Status appended = file_->Append(line);
  if (!appended.ok()) {
    // Opened anew for the next line.
    file_ = nullptr;
    return appended;
  }
  file_bytes_ += line.size();
  return absl::OkStatus();
}

absl::Status AuditLog::Rotate() {
  std::unique_ptr<WritableFile> full = std::move(file_);
  PL_RETURN_IF_ERROR(full->Close());
  for (int number = kKeptFiles - 1; number >= 0; --number) {
    const std::string from = NumberedPath(options_.path, number);
    if (!options_.fs->Exists(from)) continue;
    PL_RETURN_IF_ERROR(options_.fs->Rename(from, NumberedPath(options_.path, number + 1)));
  }
  PL_ASSIGN_OR_RETURN(file_, options_.fs->OpenForAppend(options_.path));
  file_bytes_ = 0;
  return absl::OkStatus();
}

}  // namespace paceline
