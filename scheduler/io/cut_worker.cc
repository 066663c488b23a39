#include "scheduler/io/cut_worker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/log.h"
#include "common/status/status_macros.h"
#include "scheduler/io/cut_files.h"
#include "scheduler/io/parameters_hash.h"

namespace paceline::scheduler {

namespace {

absl::string_view NameOf(Command::Kind kind) {
  switch (kind) {
    case Command::Kind::kCommitCut:
      return "manifest written";
    case Command::Kind::kHashCut:
      return "parameters hashed";
    case Command::Kind::kRemoveCuts:
      return "older cuts removed";
    case Command::Kind::kDeleteJob:
      return "cuts of a job removed";
  }
  return "";
}

}  // namespace

CutWorker::CutWorker(const HeldCuts* cuts, Done done)
    : cuts_(cuts), done_(std::move(done)), thread_([this] { Run(); }) {}

CutWorker::~CutWorker() { Stop(); }

void CutWorker::Add(Command command) {
  MutexLock lock(&mu_);
  if (stop_) return;
  queue_.push_back(std::move(command));
  changed_.NotifyAll();
}

void CutWorker::Stop() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    queue_.clear();
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

bool CutWorker::stopped() const {
  MutexLock lock(&mu_);
  return stop_;
}

void CutWorker::Run() {
  while (true) {
    Command command;
    {
      MutexLock lock(&mu_);
      while (queue_.empty() && !stop_) changed_.Wait(&mu_);
      if (stop_) return;
      command = std::move(queue_.front());
      queue_.pop_front();
    }
    const absl::StatusOr<std::string> result = Execute(command);
    if (stopped()) return;
    if (result.ok()) {
      LogInfo(NameOf(command.kind),
              {{"job", command.job_id}, {"cut", command.cut_id}, {"hash", *result}});
    } else {
      LogWarning(absl::StrCat("not ", NameOf(command.kind)),
                 {{"job", command.job_id}, {"cut", command.cut_id}, {"cause", result.status()}});
    }
    done_(command, result);
  }
}

absl::StatusOr<std::string> CutWorker::Execute(const Command& command) {
  const StopRequested stop = [this] { return stopped(); };
  if (command.kind == Command::Kind::kCommitCut) {
    return CommitCut(*cuts_, command.dir, command.manifest, stop);
  }
  if (command.kind == Command::Kind::kRemoveCuts) {
    PL_RETURN_IF_ERROR(
        RemoveCuts(*cuts_->options().fs, cuts_->PathOf(command.dir), command.cut_id, command.keep));
    return std::string();
  }
  if (command.kind == Command::Kind::kDeleteJob) {
    PL_RETURN_IF_ERROR(RemoveAllCuts(*cuts_->options().fs, cuts_->PathOf(command.dir)));
    return std::string();
  }
  PL_ASSIGN_OR_RETURN(const v1::CutManifest manifest,
                      cuts_->Manifest(command.dir, command.manifest_xxh3, command.holders));
  return HashParameters(*cuts_->Open(command.dir, manifest), manifest, stop);
}

}  // namespace paceline::scheduler
