// The TensorBoard event file of a job: FOLDER/NAME-ID/events.out.tfevents.S.paceline,
// where S are the seconds at which the job was submitted.
//
// A file that is there is gone on with: what it holds is not written again, and a record
// that was torn by a crash is cut off, since readers see nothing beyond it.
// Limits: kMaxEventFileBytes.
#ifndef PACELINE_COMMON_TENSORBOARD_JOB_EVENT_FILE_H_
#define PACELINE_COMMON_TENSORBOARD_JOB_EVENT_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/fs.h"
#include "common/tensorboard/job_events.h"
#include "proto/cluster.pb.h"

namespace paceline::tensorboard {

// A job has at most a few hundred points at a time and a file some 100 bytes for each.
inline constexpr uint64_t kMaxEventFileBytes = uint64_t{256} << 20;

// Path of the file.
std::string JobEventPath(const std::string& folder, const v1::Job& job);

// Thread-compatible.
class JobEventFile {
 public:
  // Opens or creates it, and its folder.
  // Errors:  ResourceExhausted  the file is too large; others after errno.
  static absl::StatusOr<std::unique_ptr<JobEventFile>> Open(FileSystem& fs,
                                                            const std::string& folder,
                                                            const v1::Job& job);

  // Appends what is new in the job. After an error nothing more is to be written.
  // `now_ms`: as JobEvents::New.
  absl::Status Write(const v1::Job& job, int64_t now_ms);

 private:
  JobEventFile(std::unique_ptr<WritableFile> file, uint64_t bytes, JobEvents events)
      : file_(std::move(file)), bytes_(bytes), events_(std::move(events)) {}

  absl::Status Append(const std::string& records);

  const std::unique_ptr<WritableFile> file_;
  uint64_t bytes_;
  JobEvents events_;
};

}  // namespace paceline::tensorboard

#endif  // PACELINE_COMMON_TENSORBOARD_JOB_EVENT_FILE_H_
