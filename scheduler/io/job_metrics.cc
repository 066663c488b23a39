#include "scheduler/io/job_metrics.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/metrics/proto_histogram.h"
#include "common/spec/enum_names.h"

namespace paceline::scheduler {
namespace {

using metrics::Samples;
using metrics::Scrape;
using Jobs = std::vector<v1::Job>;

std::string Id(const v1::Job& job) { return absl::StrCat(job.job_id()); }
std::string PolicyOf(const v1::Job& job) { return EnumWord(job.spec().consistency().policy()); }

// One value a job; negative: the job has none.
template <typename Value>
void AddGauge(const Jobs& jobs, const char* name, const char* help, Value value, Scrape* out) {
  Samples samples = out->Gauges({.name = name, .help = help, .labels = {"job"}});
  for (const v1::Job& job : jobs) {
    if (const double of_job = value(job); of_job >= 0) samples.Add({Id(job)}, of_job);
  }
}

template <typename Value>
void AddCounter(const Jobs& jobs, const char* name, const char* help, Value value, Scrape* out) {
  Samples samples = out->Counters({.name = name, .help = help, .labels = {"job"}});
  for (const v1::Job& job : jobs) samples.Add({Id(job)}, static_cast<double>(value(job)));
}

template <typename Value>
void AddHistogram(const Jobs& jobs, const char* name, const char* help, Value value, Scrape* out) {
  Samples samples = out->Histograms({.name = name, .help = help, .labels = {"job", "policy"}});
  for (const v1::Job& job : jobs) {
    // One that is malformed was not counted either.
    const auto buckets = metrics::FromProto(value(job));
    if (buckets.ok() && !buckets->bounds.empty()) samples.Add({Id(job), PolicyOf(job)}, *buckets);
  }
}

void AddStates(const Jobs& jobs, Scrape* out) {
  Samples info = out->Gauges({.name = "paceline_job_info",
                              .help = "1, with what the job is.",
                              .labels = {"job", "name", "policy", "owner"}});
  Samples state = out->Gauges({.name = "paceline_job_state",
                               .help = "1, with the state that the job is in.",
                               .labels = {"job", "state"}});
  for (const v1::Job& job : jobs) {
    info.Add({Id(job), job.spec().name(), PolicyOf(job), job.owner()}, 1);
    state.Add({Id(job), EnumWord(job.state())}, 1);
  }
}

double ProgressRatio(const v1::Job& job) {
  if (job.iterations_total() == 0) return -1;
  return std::min(1.0, static_cast<double>(job.iterations_done()) /
                           static_cast<double>(job.iterations_total()));
}

void AddProgress(const Jobs& jobs, Scrape* out) {
  AddGauge(
      jobs, "paceline_job_samples_per_second", "Rate of all ranks together.",
      [](const v1::Job& job) { return job.samples_per_second(); }, out);
  AddGauge(
      jobs, "paceline_job_iterations", "Iterations of the slowest rank.",
      [](const v1::Job& job) { return static_cast<double>(job.iterations_done()); }, out);
  AddGauge(jobs, "paceline_job_progress_ratio", "Of all its iterations, 0 to 1; if they are known.",
           ProgressRatio, out);
  // A loss may be below zero.
  Samples loss = out->Gauges({.name = "paceline_job_loss",
                              .help = "Recent mean training loss; once there is one.",
                              .labels = {"job"}});
  for (const v1::Job& job : jobs) {
    if (job.recent_loss() != 0) loss.Add({Id(job)}, job.recent_loss());
  }
  AddGauge(
      jobs, "paceline_job_staleness_mean_iterations", "Mean staleness of what was pushed of late.",
      [](const v1::Job& job) {
        return job.history().empty() ? -1 : job.history().rbegin()->staleness_mean();
      },
      out);
  AddGauge(
      jobs, "paceline_job_staleness_bound_iterations",
      "How far a rank may run ahead: consistency.staleness of a job under ssp.",
      [](const v1::Job& job) {
        const v1::ConsistencySpec& spec = job.spec().consistency();
        return spec.policy() == v1::POLICY_SSP ? static_cast<double>(spec.staleness()) : -1;
      },
      out);
  AddHistogram(
      jobs, "paceline_job_staleness_iterations", "Staleness of applied pushes.",
      [](const v1::Job& job) { return job.staleness(); }, out);
  AddHistogram(
      jobs, "paceline_job_step_seconds", "Time of one iteration of a rank.",
      [](const v1::Job& job) { return job.step_seconds(); }, out);
  AddHistogram(
      jobs, "paceline_job_wait_seconds",
      "What of it was spent waiting for pulls and acknowledgements.",
      [](const v1::Job& job) { return job.wait_seconds(); }, out);
}

void AddStragglers(const Jobs& jobs, Scrape* out) {
  Samples scores = out->Gauges({.name = "paceline_rank_straggler_score",
                                .help = "Own computing time over the median of the job's ranks.",
                                .labels = {"job", "rank"},
                                .most_series = kMaxJobsInMetrics * kMaxRanksInMetrics});
  for (const v1::Job& job : jobs) {
    std::vector<std::pair<double, uint32_t>> ranks;
    for (const v1::RankStatus& rank : job.ranks()) {
      if (rank.straggler_score() > 0) ranks.emplace_back(rank.straggler_score(), rank.rank());
    }
    std::sort(ranks.rbegin(), ranks.rend());
    ranks.resize(std::min(ranks.size(), kMaxRanksInMetrics));
    for (const auto& [score, rank] : ranks) scores.Add({Id(job), absl::StrCat(rank)}, score);
  }
}

// Since its last cut, or since it began to run without one; of a job that takes cuts.
double CutAge(const v1::Job& job, int64_t now_ms) {
  const v1::CheckpointSpec& spec = job.spec().checkpoint();
  if (job.state() != v1::JOB_STATE_RUNNING ||
      (spec.every_iterations() == 0 && spec.every_seconds() <= 0)) {
    return -1;
  }
  if (job.cuts().empty()) return job.summary().wall_seconds();
  const int64_t age_ms = now_ms - job.cuts().rbegin()->committed_ms();
  return static_cast<double>(std::max<int64_t>(age_ms, 0)) / 1000;
}

void AddCuts(const Jobs& jobs, int64_t now_ms, Scrape* out) {
  AddGauge(
      jobs, "paceline_job_checkpoint_age_seconds",
      "Time since its last cut, or since it began to run; of running jobs that take cuts.",
      [now_ms](const v1::Job& job) { return CutAge(job, now_ms); }, out);
  AddGauge(
      jobs, "paceline_job_checkpoint_seconds",
      "How long the last cut took, from its order to its commitment.",
      [](const v1::Job& job) { return job.cut_seconds() > 0 ? job.cut_seconds() : -1; }, out);
  AddGauge(
      jobs, "paceline_job_checkpoint_bytes", "Size of the last cut.",
      [](const v1::Job& job) {
        return job.cuts().empty() ? -1 : static_cast<double>(job.cuts().rbegin()->bytes());
      },
      out);
  AddCounter(
      jobs, "paceline_job_checkpoint_failures_total", "Cuts that could not be written.",
      [](const v1::Job& job) { return job.cuts_failed(); }, out);
  AddGauge(
      jobs, "paceline_job_recovery_seconds",
      "How long the last recovery took, from RECOVERING to RUNNING.",
      [](const v1::Job& job) { return job.recovery_seconds() > 0 ? job.recovery_seconds() : -1; },
      out);
}

void AddCounters(const Jobs& jobs, Scrape* out) {
  AddCounter(
      jobs, "paceline_job_restarts_total", "Tasks that took a rank over.",
      [](const v1::Job& job) { return job.summary().restarts(); }, out);
  AddCounter(
      jobs, "paceline_job_rollbacks_total", "Times that the job went back to a cut.",
      [](const v1::Job& job) { return job.summary().rollbacks(); }, out);
  AddCounter(
      jobs, "paceline_job_duplicates_dropped_total", "Repeated pushes without effect.",
      [](const v1::Job& job) { return job.summary().duplicates_dropped(); }, out);
  AddCounter(
      jobs, "paceline_job_pushed_bytes_total", "Bytes that its servers took.",
      [](const v1::Job& job) { return job.summary().bytes_pushed(); }, out);
  AddCounter(
      jobs, "paceline_job_pulled_bytes_total", "Bytes that its servers gave.",
      [](const v1::Job& job) { return job.summary().bytes_pulled(); }, out);
  Samples refused = out->Counters({.name = "paceline_job_pushes_refused_total",
                                   .help = "Push frames sent back, by kind of refusal.",
                                   .labels = {"job", "kind"},
                                   .most_series = 16 * kMaxJobsInMetrics});
  Samples cpu = out->Counters({.name = "paceline_job_cpu_seconds_total",
                               .help = "Processor time of its tasks, of those that ended too.",
                               .labels = {"job", "mode"},
                               .most_series = 2 * kMaxJobsInMetrics});
  for (const v1::Job& job : jobs) {
    for (const auto& [kind, count] : job.pushes_refused()) {
      refused.Add({Id(job), kind}, static_cast<double>(count));
    }
    cpu.Add({Id(job), "user"}, job.cpu_user_seconds());
    cpu.Add({Id(job), "system"}, job.cpu_system_seconds());
  }
}

}  // namespace

void AddJobMetrics(const Jobs& jobs, int64_t now_ms, Scrape* out) {
  AddStates(jobs, out);
  AddProgress(jobs, out);
  AddStragglers(jobs, out);
  AddCuts(jobs, now_ms, out);
  AddCounters(jobs, out);
}

}  // namespace paceline::scheduler
