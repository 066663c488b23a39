#include "common/fs_faulty.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

absl::Status CrashedError() { return absl::UnavailableError("crashed"); }

}  // namespace

class FaultyFileSystem::File final : public WritableFile {
 public:
  File(FaultyFileSystem* fs, std::string path, std::unique_ptr<WritableFile> base)
      : fs_(fs), path_(std::move(path)), base_(std::move(base)) {}

  absl::Status Append(absl::string_view bytes) override {
    const Failure failure = fs_->Begin(Operation::kAppend, "write", path_);
    if (failure.status.ok()) return base_->Append(bytes);
    PL_RETURN_IF_ERROR(base_->Append(bytes.substr(0, failure.written_bytes)));
    return failure.status;
  }

  absl::Status Sync() override {
    PL_RETURN_IF_ERROR(fs_->Begin(Operation::kSync, "fsync", path_).status);
    return base_->Sync();
  }

  absl::Status Close() override {
    PL_RETURN_IF_ERROR(fs_->Crashed());
    return base_->Close();
  }

 private:
  FaultyFileSystem* const fs_;
  const std::string path_;
  const std::unique_ptr<WritableFile> base_;
};

FaultyFileSystem::Failure FaultyFileSystem::Begin(Operation operation, const char* doing,
                                                  const std::string& path) {
  MutexLock lock(&mu_);
  if (crashed_) return {CrashedError()};
  const std::uint64_t number = steps_.size();
  steps_.push_back({operation, path});
  if (crash_at_.has_value() && number >= *crash_at_) {
    crashed_ = true;
    return {CrashedError(), crash_written_bytes_};
  }
  const auto fault = std::find_if(faults_.begin(), faults_.end(), [&](const FileFault& f) {
    return f.first <= number && number <= f.last && absl::EndsWith(path, f.path_suffix);
  });
  if (fault == faults_.end()) return {};
  return {absl::ErrnoToStatus(fault->error, absl::StrCat(doing, " ", path)), fault->written_bytes};
}

absl::Status FaultyFileSystem::Crashed() const {
  MutexLock lock(&mu_);
  return crashed_ ? CrashedError() : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultyFileSystem::Wrap(
    const std::string& path, absl::StatusOr<std::unique_ptr<WritableFile>> file) {
  PL_RETURN_IF_ERROR(file.status());
  return std::make_unique<File>(this, path, *std::move(file));
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultyFileSystem::OpenForWrite(
    const std::string& path) {
  PL_RETURN_IF_ERROR(Begin(Operation::kOpen, "open for writing", path).status);
  return Wrap(path, base_->OpenForWrite(path));
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultyFileSystem::OpenForAppend(
    const std::string& path) {
  PL_RETURN_IF_ERROR(Begin(Operation::kOpen, "open for writing", path).status);
  return Wrap(path, base_->OpenForAppend(path));
}

absl::StatusOr<std::unique_ptr<ReadableFile>> FaultyFileSystem::OpenForRead(
    const std::string& path) {
  PL_RETURN_IF_ERROR(Crashed());
  return base_->OpenForRead(path);
}

absl::Status FaultyFileSystem::Rename(const std::string& from, const std::string& to) {
  PL_RETURN_IF_ERROR(Begin(Operation::kRename, "rename", to).status);
  return base_->Rename(from, to);
}

absl::Status FaultyFileSystem::SyncDir(const std::string& dir) {
  PL_RETURN_IF_ERROR(Begin(Operation::kSyncDir, "fsync folder", dir).status);
  return base_->SyncDir(dir);
}

absl::Status FaultyFileSystem::Remove(const std::string& path) {
  PL_RETURN_IF_ERROR(Begin(Operation::kRemove, "remove", path).status);
  return base_->Remove(path);
}

absl::StatusOr<std::vector<std::string>> FaultyFileSystem::List(const std::string& dir) {
  PL_RETURN_IF_ERROR(Crashed());
  return base_->List(dir);
}

bool FaultyFileSystem::Exists(const std::string& path) {
  return Crashed().ok() && base_->Exists(path);
}

absl::StatusOr<std::uint64_t> FaultyFileSystem::Size(const std::string& path) {
  PL_RETURN_IF_ERROR(Crashed());
  return base_->Size(path);
}

absl::Status FaultyFileSystem::CreateDirs(const std::string& dir) {
  PL_RETURN_IF_ERROR(Begin(Operation::kCreateDirs, "create folder", dir).status);
  return base_->CreateDirs(dir);
}

void FaultyFileSystem::Inject(FileFault fault) {
  MutexLock lock(&mu_);
  faults_.push_back(std::move(fault));
}

void FaultyFileSystem::Heal() {
  MutexLock lock(&mu_);
  faults_.clear();
}

void FaultyFileSystem::CrashAt(std::uint64_t operation, std::uint64_t written_bytes) {
  MutexLock lock(&mu_);
  crash_at_ = operation;
  crash_written_bytes_ = written_bytes;
}

std::vector<FaultyFileSystem::Step> FaultyFileSystem::steps() const {
  MutexLock lock(&mu_);
  return steps_;
}

}  // namespace paceline
