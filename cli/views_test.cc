// What people see: tables, summaries, progress.
#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "cli/bytes_text.h"
#include "cli/describe_view.h"
#include "cli/job_views.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "common/fake_clock.h"

namespace paceline::cli {
namespace {

v1::Job Running() {
  v1::Job job;
  job.set_job_id(7);
  job.set_state(v1::JOB_STATE_RUNNING);
  job.set_iterations_done(3700);
  job.set_iterations_total(10000);
  job.set_samples_per_second(301);
  job.set_recent_loss(0.41);
  job.set_eta_seconds(21);
  job.mutable_summary()->set_wall_seconds(12);
  return job;
}

TEST_CASE("columns are as wide as their widest cell") {
  TextTable table({"ID", "NAME", "X"});
  table.Add({"7", "größe", "a"});
  table.Add({"1000", "b", "c"});
  CHECK(table.ToString() ==
        "ID    NAME   X\n"
        "7     größe  a\n"
        "1000  b      c\n");
  CHECK(TextTable({}).ToString().empty());
}

TEST_CASE("states have colours where they are wanted") {
  CHECK(ColoredState("failed", true) == "\x1b[31mfailed\x1b[0m");
  CHECK(ColoredState("failed", false) == "failed");
  CHECK(ColoredState("placing", true) == "placing");
}

TEST_CASE("times look like a clock face") {
  CHECK(Clockface(0) == "00:00");
  CHECK(Clockface(71.9) == "01:11");
  CHECK(Clockface(3723) == "1:02:03");
  CHECK(Clockface(-1) == "--:--");
  CHECK(Clockface(std::numeric_limits<double>::quiet_NaN()) == "--:--");
}

TEST_CASE("the progress bar looks as people know it") {
  v1::Job job = Running();
  CHECK(ProgressBar(job, true) ==
        " 37% |███▋      | 3700/10000 [00:12<00:21, 301 samples/s, loss=0.41]");
  CHECK(ProgressBar(job, false) ==
        " 37% |###       | 3700/10000 [00:12<00:21, 301 samples/s, loss=0.41]");
  CHECK(ProgressText(job) ==
        "running: 3700/10000 iterations (37%), 301 samples/s, loss 0.41, 00:12 elapsed, 00:21 "
        "left");
  job.set_iterations_done(10000);
  job.set_eta_seconds(0);
  job.set_recent_loss(0);
  CHECK(ProgressBar(job, true) == "100% |██████████| 10000/10000 [00:12<--:--, 301 samples/s]");
  job.set_iterations_total(0);
  CHECK(ProgressBar(job, true) == "10000 [00:12, 301 samples/s]");
  CHECK(ProgressText(job) == "running: 10000 iterations, 301 samples/s, 00:12 elapsed");
  job.set_state(v1::JOB_STATE_PENDING);
  job.set_reason("needs 8 workers, 3 free");
  CHECK(ProgressBar(job, true) == "pending: needs 8 workers, 3 free");
}

TEST_CASE("on a terminal one line is rewritten and never wider than it") {
  FakeClock clock;
  std::ostringstream out;
  {
    ProgressPrinter printer(out, true, 12, true, clock);
    printer.Show(Running());
    printer.Say("scheduler is back");
    printer.Show(Running());
  }
  CHECK(out.str() == "\r 37% |███▋ \x1b[K\r\x1b[Kscheduler is back\n\r 37% |███▋ \x1b[K\n");
}

TEST_CASE("elsewhere there is a line every ten seconds and when the state changes") {
  FakeClock clock;
  std::ostringstream out;
  ProgressPrinter printer(out, false, 80, true, clock);
  const auto lines = [&] {
    const std::string text = out.str();
    return std::count(text.begin(), text.end(), '\n');
  };
  v1::Job job = Running();
  job.set_state(v1::JOB_STATE_PLACING);
  printer.Show(job);
  printer.Show(job);
  CHECK(lines() == 1);
  printer.Show(Running());
  CHECK(lines() == 2);
  clock.Advance(absl::Seconds(9));
  printer.Show(Running());
  CHECK(lines() == 2);
  clock.Advance(absl::Seconds(1));
  printer.Show(Running());
  CHECK(lines() == 3);
}

TEST_CASE("jobs are listed with how far they are and why they wait") {
  v1::ListJobsResponse jobs;
  *jobs.add_jobs() = Running();
  jobs.mutable_jobs(0)->mutable_spec()->set_name("x");
  *jobs.add_jobs() = Running();
  jobs.mutable_jobs(1)->set_state(v1::JOB_STATE_SUCCEEDED);
  *jobs.add_jobs() = Running();
  jobs.mutable_jobs(2)->set_state(v1::JOB_STATE_PENDING);
  jobs.mutable_jobs(2)->set_reason("needs 8 workers, 3 free");
  jobs.mutable_jobs(0)->set_owner("alice");
  CHECK(absl::StrContains(JobTable(jobs, 61000, /*wide=*/true, /*color=*/false), "alice"));
  const std::string text = JobTable(jobs, 61000, /*wide=*/false, /*color=*/false);
  CHECK(absl::StrContains(text, "37%   0.41  01:01  running\n"));
  CHECK(absl::StrContains(text, "100%  0.41  01:01  succeeded\n"));
  CHECK(absl::StrContains(text, "pending: needs 8 workers, 3 free\n"));
}

TEST_CASE("sizes have units") {
  CHECK(Bytes(0) == "0 B");
  CHECK(Bytes(1023) == "1023 B");
  CHECK(Bytes(1536) == "1.5 KiB");
  CHECK(Bytes(1024.0 * 1024 * 1024) == "1 GiB");
}

TEST_CASE("the summary says what was measured") {
  v1::RunSummary summary;
  summary.set_job_id("7");
  summary.set_name("digits");
  summary.set_state("succeeded");
  summary.set_ranks(2);
  summary.set_servers(1);
  summary.mutable_eval()->set_accuracy(0.97);
  summary.mutable_eval()->set_log_loss(0.125);
  summary.set_staleness_mean(0.5);
  summary.set_staleness_max(3);
  summary.set_restarts(1);
  const std::string text = SummaryText(summary, false);
  CHECK(absl::StrContains(text, "job         7 (digits)\n"));
  CHECK(absl::StrContains(text, "held-out    accuracy 0.9700, log loss 0.1250\n"));
  CHECK(absl::StrContains(text, "ranks       2 on 1 servers\n"));
  CHECK(absl::StrContains(text, "staleness   mean 0.5, max 3\n"));
  CHECK(absl::StrContains(
      text, "repairs     1 restarts, 0 rollbacks, 0 duplicates dropped, 0 pushes refused\n"));
  CHECK_FALSE(absl::StrContains(text, "reason"));
}

TEST_CASE("a job is described with its ranks, servers and events") {
  v1::Job job = Running();
  v1::RankStatus* waiting = job.add_ranks();
  waiting->set_worker_address("host-a:1");
  waiting->set_wait_reason("rank 1 is at iteration 3");
  waiting->set_straggler_score(2.04);
  job.add_ranks()->set_finished(true);
  v1::RankStatus* ended = job.add_ranks();
  ended->mutable_last_exit()->set_cause("exit code 3");
  v1::ShardPlacement* placement = job.add_placement();
  placement->set_address("host-b:2");
  placement->set_shards(3);
  placement->set_bytes(2048);
  v1::EvalPoint* point = job.add_evals();
  point->set_iteration(100);
  point->mutable_result()->set_auc(0.9);
  for (const double loss : {2.5, 1.0}) job.add_history()->set_loss(loss);
  v1::FirstFailure* failure = job.mutable_first_failure();
  failure->set_rank(2);
  failure->set_hostname("host-c");
  failure->set_iteration(40);
  failure->mutable_exit()->set_cause("out of memory");
  failure->mutable_exit()->add_last_log_lines("the last\x1b words");
  v1::CutStatus* cut = job.add_cuts();
  cut->set_cut_id(3);
  cut->set_iteration(30);
  cut->set_best(true);
  job.set_checkpoint_dir("/cuts");
  job.add_events()->set_kind("SUBMITTED");
  const std::string text = JobText(job, {.color = false});
  CHECK(absl::StrContains(text, "waits: rank 1 is at iteration 3\n"));
  CHECK(absl::StrContains(text, "finished\n"));
  CHECK(absl::StrContains(text, "ended: exit code 3\n"));
  CHECK(absl::StrContains(text, "host-b:2  3       2 KiB\n"));
  CHECK(absl::StrContains(text, "evaluation at iteration 100: AUC 0.9000\n"));
  CHECK(absl::StrContains(text, "SUBMITTED"));
  CHECK(absl::StrContains(text, "straggler   rank 0 is 2.0x slower than the others\n"));
  CHECK(absl::StrContains(text, "loss        █▁  2.5 to 1\n"));
  CHECK(absl::StrContains(text, "first failure: rank 2 on host-c at iteration 40, "));
  CHECK(absl::StrContains(text, ": out of memory\n    | the last? words\n"));
  CHECK(absl::StrContains(text, "\ncuts in /cuts\nCUT  ITERATION"));
  CHECK(absl::StrContains(text, "\n3    30         0 B    best  "));
  CHECK(absl::StrContains(JobText(job, {.color = false, .wide = true}), "STEP"));
  CHECK_FALSE(absl::StrContains(JobText(job, {.utf8 = false}), "█"));
}

TEST_CASE("a failure is told by its first cause, and others are counted") {
  v1::Job job;
  job.set_job_id(7);
  job.mutable_spec()->set_name("x");
  job.set_state(v1::JOB_STATE_FAILED);
  job.set_reason("rank 1: exit code 3");
  const std::string reason = "job 7 (x) failed: rank 1: exit code 3\n";
  CHECK(FailureText(job) == reason);
  v1::FirstFailure* first = job.mutable_first_failure();
  first->set_rank(1);
  first->set_worker_address("10.0.0.3:7072");
  first->set_time_ms(1000);
  first->set_iteration(5);
  first->mutable_exit()->set_cause("exit code 3");
  first->mutable_exit()->add_last_log_lines("a");
  first->mutable_exit()->add_last_log_lines("b");
  const auto exited = [&](int64_t time_ms) {
    v1::JobEvent* event = job.add_events();
    event->set_kind("TASK_EXITED");
    event->set_time_ms(time_ms);
  };
  // One that was outlived, and the first failure itself.
  exited(900);
  exited(1000);
  const std::string log =
      "    | a\n"
      "    | b\n";
  CHECK(FailureText(job) ==
        reason + "first failure: rank 1 on 10.0.0.3:7072 at iteration 5: exit code 3\n" + log);
  first->set_hostname("host-b");
  exited(1100);
  CHECK(FailureText(job) ==
        reason + "first failure: rank 1 on host-b (10.0.0.3:7072) at iteration 5: exit code 3\n" +
            log + "and 1 later failure: pacectl describe 7\n");
  exited(1200);
  CHECK(absl::StrContains(FailureText(job), "and 2 later failures: pacectl describe 7\n"));
}

TEST_CASE("a running job's stragglers are named") {
  v1::Job job = Running();
  job.add_ranks()->set_straggler_score(1);
  job.add_ranks()->set_straggler_score(1.49);
  v1::RankStatus* slow = job.add_ranks();
  slow->set_rank(2);
  slow->set_straggler_score(2.14);
  const std::string text = JobText(job, {.color = false});
  CHECK(absl::StrContains(text, "\nstraggler   rank 2 is 2.1x slower than the others\n"));
  CHECK_FALSE(absl::StrContains(text, "rank 1 is"));
  slow->set_finished(true);
  CHECK_FALSE(absl::StrContains(JobText(job, {.color = false}), "straggler"));
}

TEST_CASE("a cluster lists its nodes") {
  v1::Cluster cluster;
  cluster.set_cluster_id("c");
  cluster.set_http_address("127.0.0.1:8070");
  (*cluster.mutable_jobs())["running"] = 2;
  v1::NodeStatus* server = cluster.add_nodes();
  server->set_role(v1::NODE_ROLE_SERVER);
  server->set_live(true);
  server->set_table_bytes(1024);
  v1::NodeStatus* worker = cluster.add_nodes();
  worker->set_role(v1::NODE_ROLE_WORKER);
  worker->set_slots(4);
  worker->set_slots_used(1);
  worker->set_heartbeat_age_seconds(9);
  const std::string wide = ClusterText(cluster, /*wide=*/true);
  CHECK(absl::StrContains(wide, "VERSION"));
  const std::string text = ClusterText(cluster, /*wide=*/false);
  CHECK(absl::StrContains(text, "jobs    2 running\n"));
  CHECK(absl::StrContains(text, "http://127.0.0.1:8070/status\n"));
  CHECK(absl::StrContains(text, "1 KiB"));
  CHECK(absl::StrContains(text, "1/4"));
  CHECK(absl::StrContains(text, "silent for 9 s\n"));
  CHECK_FALSE(absl::StrContains(text, "drain"));
}

TEST_CASE("a cluster says what drains and what that waits for") {
  v1::Cluster cluster;
  v1::NodeStatus* drained = cluster.add_nodes();
  drained->set_node_id(1);
  drained->set_role(v1::NODE_ROLE_SERVER);
  drained->set_drain_requested(true);
  v1::NodeStatus* draining = cluster.add_nodes();
  draining->set_node_id(2);
  draining->set_role(v1::NODE_ROLE_WORKER);
  draining->set_drain_requested(true);
  draining->set_drain_reason("new disks");
  draining->set_drain_waits_for("2 ranks of job 3: no free slot elsewhere");
  v1::NodeStatus* ending = cluster.add_nodes();
  ending->set_node_id(3);
  ending->set_role(v1::NODE_ROLE_SERVER);
  ending->set_drain_waits_for("shards of job 3: a cut is taken before they move");
  cluster.add_nodes()->set_node_id(4);
  const std::string expected =
      "\n"
      "server 1 is drained\n"
      "worker 2 drains (new disks): 2 ranks of job 3: no free slot elsewhere\n"
      "server 3 drains: shards of job 3: a cut is taken before they move\n";
  CHECK(DrainText(cluster) == expected);
  for (const bool wide : {false, true}) {
    CHECK(absl::EndsWith(ClusterText(cluster, wide), expected));
  }
}

}  // namespace
}  // namespace paceline::cli
