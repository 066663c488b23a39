#include "scheduler/core/ranks/progress.h"

#include <algorithm>

#include "common/partition/grants.h"
#include "common/partition/rounds.h"
#include "common/partition/shares.h"

namespace paceline::scheduler {
namespace {

// Smallest over the servers; all zero unless every server reports on this timeline.
void TakeServers(const View& view, const v1::JobRecord& job, std::vector<RankProgress>* ranks) {
  if (job.map().servers().empty()) return;
  std::vector<RankProgress> least;
  for (const v1::ShardServer& server : job.map().servers()) {
    const v1::ServerJobReport* report =
        view.seen.FindServerJob(server.node_id(), server.incarnation(), job.job_id());
    if (report == nullptr || report->timeline() != job.map().timeline() ||
        report->progress_size() != job.ranks_size() ||
        report->finished_size() != job.ranks_size()) {
      return;
    }
    const bool first = least.empty();
    if (first) least.resize(ranks->size());
    for (size_t rank = 0; rank < least.size(); ++rank) {
      const uint64_t iterations = report->progress(static_cast<int>(rank));
      const bool finished = report->finished(static_cast<int>(rank));
      least[rank].iterations = first ? iterations : std::min(least[rank].iterations, iterations);
      least[rank].finished = first ? finished : least[rank].finished && finished;
    }
  }
  *ranks = std::move(least);
}

// Unless training is stopped before.
uint64_t IterationsOfSpec(const v1::JobRecord& job) {
  const v1::TrainSpec& train = job.spec().train();
  if (!job.has_facts()) return train.iterations();
  if (job.facts().records() == 0 || train.global_batch() == 0) return train.iterations();
  return TotalRounds(job.facts().records(), train.global_batch(), train.epochs(),
                     train.iterations());
}

}  // namespace

std::vector<RankProgress> ProgressOf(const View& view, const v1::JobRecord& job) {
  std::vector<RankProgress> ranks(job.ranks_size());
  TakeServers(view, job, &ranks);
  for (uint32_t rank = 0; rank < ranks.size(); ++rank) {
    const TaskObservation* task =
        view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation());
    if (task == nullptr || task->report.timeline() != job.map().timeline()) continue;
    const v1::TaskProgress& progress = task->report.progress();
    ranks[rank].iterations = std::max(ranks[rank].iterations, progress.iteration());
    ranks[rank].finished = ranks[rank].finished || progress.finished();
  }
  return ranks;
}

uint64_t NominalSamples(const v1::JobRecord& job, uint32_t rank, uint64_t iterations) {
  const uint64_t records = job.facts().records();
  const uint64_t global_batch = job.spec().train().global_batch();
  const auto ranks = static_cast<uint32_t>(job.ranks_size());
  if (records == 0 || global_batch == 0 || iterations == 0) return 0;
  if (job.spec().consistency().policy() == v1::POLICY_BSP) {
    const RoundPlan plan(records, global_batch);
    const uint64_t rounds = plan.rounds_per_epoch();
    const uint64_t full = NominalBatch(global_batch, rank, ranks);
    const uint64_t last = plan.Share(rounds - 1, rank, ranks).positions.size();
    return iterations / rounds * ((rounds - 1) * full + last) + iterations % rounds * full;
  }
  const uint64_t batch = NominalBatch(global_batch, rank, ranks);
  uint64_t samples = 0;
  for (const v1::Grant& grant : job.ranks(rank).grants()) {
    if (grant.first_iteration() >= iterations) break;
    samples += std::min(grant.count(), (iterations - grant.first_iteration()) * batch);
  }
  return samples;
}

uint64_t ExpectedIterations(const v1::JobRecord& job) {
  const uint64_t all = IterationsOfSpec(job);
  const uint64_t stopped = job.last_iteration();
  return stopped != 0 && (all == 0 || stopped < all) ? stopped : all;
}

uint64_t ExpectedSamples(const v1::JobRecord& job) {
  const v1::TrainSpec& train = job.spec().train();
  const uint64_t records = job.facts().records();
  if (records == 0 || train.global_batch() == 0) return 0;
  const uint64_t all = train.epochs() * records;
  if (train.iterations() == 0) return all;
  if (job.spec().consistency().policy() == v1::POLICY_BSP) {
    uint64_t samples = 0;
    for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
      samples += NominalSamples(job, rank, ExpectedIterations(job));
    }
    return samples;
  }
  const uint64_t limit = train.iterations() * train.global_batch();
  return train.epochs() == 0 ? limit : std::min(all, limit);
}

}  // namespace paceline::scheduler
