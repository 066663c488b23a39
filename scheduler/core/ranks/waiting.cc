#include "scheduler/core/ranks/waiting.h"

namespace paceline::scheduler {
namespace {

const v1::ServerJobReport* ReportOf(const View& view, const v1::JobRecord& job, int server) {
  const v1::ShardServer& entry = job.map().servers(server);
  return view.seen.FindServerJob(entry.node_id(), entry.incarnation(), job.job_id());
}

}  // namespace

std::vector<uint32_t> RanksWithoutFacts(const View& view, const v1::JobRecord& job) {
  std::vector<uint32_t> ranks;
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const TaskObservation* task =
        view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation());
    if (task == nullptr || !task->report.has_facts()) ranks.push_back(rank);
  }
  return ranks;
}

std::vector<uint32_t> RanksWithoutTask(const v1::JobRecord& job) {
  std::vector<uint32_t> ranks;
  for (int rank = 0; rank < job.ranks_size(); ++rank) {
    if (job.ranks(rank).node_id() == 0) ranks.push_back(static_cast<uint32_t>(rank));
  }
  return ranks;
}

std::vector<int> ServersNotServing(const View& view, const v1::JobRecord& job) {
  std::vector<int> waiting;
  for (int i = 0; i < job.map().servers_size(); ++i) {
    const v1::ServerJobReport* report = ReportOf(view, job, i);
    if (report == nullptr || report->state() != v1::ServerJobReport::SERVING ||
        report->timeline() != job.map().timeline() || report->epoch() != job.map().epoch()) {
      waiting.push_back(i);
    }
  }
  return waiting;
}

const v1::CutReport* FindCutReport(const View& view, const v1::JobRecord& job, int server) {
  const v1::ServerJobReport* report = ReportOf(view, job, server);
  if (report == nullptr || !report->has_cut() || report->cut().cut_id() != job.cut().cut_id()) {
    return nullptr;
  }
  return &report->cut();
}

std::vector<int> ServersNotCut(const View& view, const v1::JobRecord& job) {
  std::vector<int> waiting;
  for (int i = 0; i < job.map().servers_size(); ++i) {
    const v1::CutReport* cut = FindCutReport(view, job, i);
    if (cut == nullptr || !cut->done()) waiting.push_back(i);
  }
  return waiting;
}

bool AllHeard(const View& view, const v1::JobRecord& job) {
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    if (view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation()) == nullptr) {
      return false;
    }
  }
  return ServersNotServing(view, job).empty();
}

bool NeedsNoServers(const v1::JobRecord& job) {
  return job.state() == v1::JOB_STATE_CHECKPOINTING && job.cut().committed() &&
         (!NeedsFinalEval(job) || job.has_final_eval());
}

bool NeedsFinalEval(const v1::JobRecord& job) {
  return !job.spec().data().eval().path().empty() || job.spec().data().holdout() > 0;
}

}  // namespace paceline::scheduler
