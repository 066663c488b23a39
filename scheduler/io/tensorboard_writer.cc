#include "scheduler/io/tensorboard_writer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status/status_macros.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

// All that have not ended.
constexpr v1::JobState kActive[] = {v1::JOB_STATE_PENDING, v1::JOB_STATE_PLACING,
                                    v1::JOB_STATE_RUNNING, v1::JOB_STATE_RECOVERING,
                                    v1::JOB_STATE_CHECKPOINTING};

}  // namespace

TensorboardWriter::TensorboardWriter(Options options)
    : options_(std::move(options)), thread_([this] { Run(); }) {}

TensorboardWriter::~TensorboardWriter() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void TensorboardWriter::Run() {
  LookAtAll().IgnoreError();
  for (bool stop = false; !stop;) {
    {
      MutexLock lock(&mu_);
      stop = options_.clock->Await(&mu_, &changed_, options_.clock->Monotonic() + kPeriod,
                                   [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stop_; });
    }
    // A scheduler that shuts down or is stale: its jobs go on without it.
    LookAtAll().IgnoreError();
  }
}

absl::Status TensorboardWriter::LookAt(v1::ListJobsRequest request, std::set<uint64_t>* seen) {
  for (bool more = true; more;) {
    PL_ASSIGN_OR_RETURN(const v1::ListJobsResponse jobs, options_.list_jobs(request));
    for (const v1::Job& job : jobs.jobs()) {
      if (seen->insert(job.job_id()).second) Look(job);
      request.set_after_job_id(job.job_id());
    }
    more = jobs.more() && !jobs.jobs().empty();
  }
  return absl::OkStatus();
}

absl::Status TensorboardWriter::LookAtAll() {
  std::set<uint64_t> seen;
  v1::ListJobsRequest active;
  for (const v1::JobState state : kActive) active.add_states(state);
  PL_RETURN_IF_ERROR(LookAt(active, &seen));
  // Those that have come since, some of which may have ended already.
  v1::ListJobsRequest newer;
  newer.set_after_job_id(newest_);
  PL_RETURN_IF_ERROR(LookAt(newer, &seen));
  // Those that have ended since.
  std::vector<uint64_t> open;
  for (const auto& [job_id, file] : files_) {
    if (seen.count(job_id) == 0) open.push_back(job_id);
  }
  for (const uint64_t job_id : open) {
    v1::ListJobsRequest one;
    one.set_after_job_id(job_id - 1);
    one.set_page_size(1);
    PL_ASSIGN_OR_RETURN(const v1::ListJobsResponse found, options_.list_jobs(one));
    // It is forgotten, or here.
    if (found.jobs().empty() || found.jobs(0).job_id() != job_id) {
      files_.erase(job_id);
    } else {
      Look(found.jobs(0));
    }
  }
  if (!seen.empty()) newest_ = std::max(newest_, *seen.rbegin());
  if (!looked_) old_ = newest_;
  looked_ = true;
  return absl::OkStatus();
}

void TensorboardWriter::Look(const v1::Job& job) {
  if (job.spec().output().tensorboard().empty()) return;
  if (const absl::Status written = Write(job); !written.ok()) {
    LogWarning("curves are not written any more",
               {{"job", job.job_id()}, {"error", std::string(written.message())}});
    files_[job.job_id()] = nullptr;
  }
  if (HasEnded(job.state())) files_.erase(job.job_id());
}

absl::Status TensorboardWriter::Write(const v1::Job& job) {
  auto file = files_.find(job.job_id());
  if (file == files_.end()) {
    const std::string& folder = job.spec().output().tensorboard();
    // A file that somebody has removed since the job ended stays away.
    const bool old = !looked_ || job.job_id() <= old_;
    if (HasEnded(job.state()) && old &&
        !options_.fs->Exists(tensorboard::JobEventPath(folder, job))) {
      return absl::OkStatus();
    }
    if (files_.size() >= kMaxTensorboardJobs) return absl::OkStatus();
    PL_ASSIGN_OR_RETURN(auto opened, tensorboard::JobEventFile::Open(*options_.fs, folder, job));
    file = files_.emplace(job.job_id(), std::move(opened)).first;
  }
  if (file->second == nullptr) return absl::OkStatus();
  return file->second->Write(job, absl::ToUnixMillis(options_.clock->Now()));
}

}  // namespace paceline::scheduler
