#include "common/tensorboard/job_event_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "common/tensorboard/tf_record.h"

namespace paceline::tensorboard {
namespace {

constexpr char kFileVersion[] = "brain.Event:2";

std::string FirstRecord(const v1::Job& job) {
  Event event;
  event.set_wall_time(static_cast<double>(job.submitted_ms()) / 1000);
  event.set_file_version(kFileVersion);
  return EncodeRecord(event.SerializeAsString());
}

}  // namespace

std::string JobEventPath(const std::string& folder, const v1::Job& job) {
  return JoinPath(JoinPath(folder, absl::StrCat(job.spec().name(), "-", job.job_id())),
                  absl::StrFormat("events.out.tfevents.%010d.paceline", job.submitted_ms() / 1000));
}

absl::StatusOr<std::unique_ptr<JobEventFile>> JobEventFile::Open(FileSystem& fs,
                                                                 const std::string& folder,
                                                                 const v1::Job& job) {
  const std::string path = JobEventPath(folder, job);
  PL_RETURN_IF_ERROR(fs.CreateDirs(DirName(path)));
  absl::StatusOr<std::string> bytes = ReadFile(fs, path, kMaxEventFileBytes);
  if (!bytes.ok() && !absl::IsNotFound(bytes.status())) return bytes.status();
  // Into `bytes`, which stays.
  const Records records = DecodeRecords(bytes.ok() ? absl::string_view(*bytes) : "");
  JobEvents::Steps written;
  for (const absl::string_view data : records.data) {
    Event event;
    // What others have appended is theirs.
    if (event.ParseFromArray(data.data(), static_cast<int>(data.size()))) {
      Remember(event, &written);
    }
  }
  if (bytes.ok() && records.valid_bytes < bytes->size()) {
    PL_RETURN_IF_ERROR(
        WriteFileDurably(fs, path, absl::string_view(*bytes).substr(0, records.valid_bytes)));
  }
  PL_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs.OpenForAppend(path));
  auto opened = std::unique_ptr<JobEventFile>(
      new JobEventFile(std::move(file), records.valid_bytes, JobEvents(std::move(written))));
  if (records.data.empty()) PL_RETURN_IF_ERROR(opened->Append(FirstRecord(job)));
  return opened;
}

absl::Status JobEventFile::Append(const std::string& records) {
  if (bytes_ + records.size() > kMaxEventFileBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("an event file of at most ", kMaxEventFileBytes, " bytes is written"));
  }
  bytes_ += records.size();
  return file_->Append(records);
}

absl::Status JobEventFile::Write(const v1::Job& job, int64_t now_ms) {
  std::string records;
  for (const Event& event : events_.New(job, now_ms)) {
    absl::StrAppend(&records, EncodeRecord(event.SerializeAsString()));
  }
  return records.empty() ? absl::OkStatus() : Append(records);
}

}  // namespace paceline::tensorboard
