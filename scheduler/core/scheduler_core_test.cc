#include "scheduler/core/scheduler_core.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/job_machine.h"

namespace paceline::scheduler {
namespace {

void SmallCluster(FakeCluster* cluster) {
  cluster->AddServer("s1");
  cluster->AddServer("s2");
  cluster->AddWorker("w1", 2);
  cluster->AddWorker("w2", 2);
  cluster->Step();
}

// Everything of ended jobs is gone from nodes.
bool Clean(FakeCluster* cluster) {
  for (const auto& [address, node] : cluster->nodes()) {
    if (!node.report.jobs().empty() || !node.report.tasks().empty()) return false;
  }
  return true;
}

TEST_CASE("a job from submit to SUCCEEDED under every policy") {
  const auto policy = GENERATE(v1::POLICY_BSP, v1::POLICY_SSP, v1::POLICY_ASP);
  FakeCluster cluster;
  cluster.records = 103;
  SmallCluster(&cluster);
  v1::JobSpec spec = RecordsSpec(4, 2, policy, 10, 3);
  spec.mutable_data()->mutable_eval()->set_path("/data/test.libsvm");
  spec.mutable_data()->mutable_eval()->set_format(v1::DATA_FORMAT_LIBSVM);
  const uint64_t job = cluster.Submit(spec);
  REQUIRE(job == 1);
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_PLACING);
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  CHECK(cluster.View(job).placement_size() == 2);
  REQUIRE(cluster.RunUntilEnded(job));

  const v1::Job view = cluster.View(job);
  INFO(view.ShortDebugString());
  CHECK(view.state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(view.summary().state() == "succeeded");
  CHECK(view.summary().samples() == 3 * 103);
  CHECK(view.summary().ranks() == 4);
  CHECK(view.summary().servers() == 2);
  CHECK(view.summary().device() == "cpu");
  CHECK(view.summary().eval().accuracy() == 0.75);
  CHECK(view.summary().parameters_sha256() == "sha");
  CHECK(view.last_cut() == 1);
  CHECK(view.checkpoint_dir() == "/data/jobs/1");
  if (policy == v1::POLICY_BSP) CHECK(view.summary().iterations() == 4 * 33);
  for (const v1::RankStatus& rank : view.ranks()) CHECK(rank.finished());

  // All is closed within two heartbeats.
  cluster.Step();
  cluster.Step();
  CHECK(Clean(&cluster));
}

TEST_CASE("a job that cannot start says why, and those behind it whom they wait for") {
  FakeCluster cluster;
  cluster.AddServer("s1");
  cluster.AddWorker("w1", 3);
  cluster.Step();
  const uint64_t wide = cluster.Submit(CountingSpec(8, 3, v1::POLICY_BSP));
  const uint64_t narrow = cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  CHECK(cluster.View(wide).reason() == "needs 8 workers, 3 free; needs 3 servers, 1 live");
  CHECK(cluster.View(narrow).reason() == "waits for job 1");
  CHECK(cluster.View(narrow).summary().reason() == "waits for job 1");
  CHECK(cluster.StateOf(narrow) == v1::JOB_STATE_PENDING);

  v1::CancelJobRequest cancel;
  cancel.set_job_id(wide);
  cancel.set_reason("too wide");
  REQUIRE_OK_AND_ASSIGN(const v1::Job cancelled, cluster.core().Cancel(cancel, cluster.now()));
  CHECK(cancelled.state() == v1::JOB_STATE_CANCELLED);
  CHECK(cancelled.reason() == "too wide");
  // The one behind it starts at once.
  CHECK(cluster.StateOf(narrow) == v1::JOB_STATE_PLACING);
  CHECK(cluster.View(narrow).reason() == "waits for rank 0 to start and read the data");
  REQUIRE(cluster.RunUntilEnded(narrow));
  CHECK(cluster.StateOf(narrow) == v1::JOB_STATE_SUCCEEDED);
}

TEST_CASE("first in, first out: four jobs on four slots all succeed, in order of start") {
  FakeCluster cluster;
  SmallCluster(&cluster);
  for (int i = 0; i < 4; ++i) REQUIRE(cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP)) != 0);
  CHECK(cluster.StateOf(1) == v1::JOB_STATE_PLACING);
  CHECK(cluster.StateOf(2) == v1::JOB_STATE_PLACING);
  CHECK(cluster.StateOf(3) == v1::JOB_STATE_PENDING);
  for (uint64_t job = 1; job <= 4; ++job) {
    REQUIRE(cluster.RunUntilEnded(job));
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
    if (job > 1) CHECK(cluster.Job(job).running_ms() >= cluster.Job(job - 1).running_ms());
  }
}

TEST_CASE("a slot is free only when the task of the ended job is gone") {
  FakeCluster cluster;
  cluster.AddServer("s1");
  cluster.AddWorker("w1", 1);
  cluster.Step();
  const uint64_t first = cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  REQUIRE(cluster.RunUntil(first, v1::JOB_STATE_RUNNING));
  const uint64_t second = cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  v1::CancelJobRequest cancel;
  cancel.set_job_id(first);
  REQUIRE_OK(cluster.core().Cancel(cancel, cluster.now()));
  CHECK(cluster.StateOf(second) == v1::JOB_STATE_PENDING);
  CHECK(cluster.View(second).reason() == "needs 1 workers, 0 free");
  REQUIRE(cluster.RunUntilEnded(second));
  CHECK(cluster.StateOf(second) == v1::JOB_STATE_SUCCEEDED);
}

TEST_CASE("a repeated request_id returns the first answer") {
  FakeCluster cluster;
  CHECK(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP), "r1") == 1);
  CHECK(cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP), "r1") == 1);
  REQUIRE_OK(cluster.RestartScheduler());
  CHECK(cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP), "r1") == 1);
  CHECK(cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP), "r2") == 2);
  CHECK(cluster.Job(1).spec().resources().workers() == 1);
}

TEST_CASE("requests that are refused, and why") {
  FakeCluster cluster;
  SmallCluster(&cluster);
  SchedulerCore& core = cluster.core();
  const uint64_t before = core.state().journal_index();

  SECTION("a wrong spec: all problems with their paths") {
    v1::SubmitJobRequest request;
    *request.mutable_spec() = CountingSpec(0, 1, v1::POLICY_BSP);
    request.mutable_spec()->mutable_resources()->set_workers(5000);
    request.mutable_spec()->mutable_train()->mutable_optimizer()->set_learning_rate(-1);
    const auto refused = core.Submit(request, cluster.now());
    CHECK_STATUS(refused, absl::StatusCode::kInvalidArgument, "resources.workers");
    CHECK_STATUS(refused, absl::StatusCode::kInvalidArgument, "train.optimizer.learning_rate");
  }
  SECTION("a request_id that is too long") {
    v1::SubmitJobRequest request;
    *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
    request.set_request_id(std::string(129, 'x'));
    CHECK_STATUS(core.Submit(request, cluster.now()), absl::StatusCode::kInvalidArgument,
                 "at most 128 bytes");
  }
  SECTION("unknown jobs") {
    v1::CancelJobRequest cancel;
    cancel.set_job_id(9);
    CHECK_STATUS(core.Cancel(cancel, cluster.now()), absl::StatusCode::kNotFound, "job 9");
    CHECK_STATUS(core.GetJob(9, cluster.now()), absl::StatusCode::kNotFound, "job 9");
  }
  SECTION("a reason that is too long") {
    v1::CancelJobRequest cancel;
    cancel.set_reason(std::string(2000, 'x'));
    CHECK_STATUS(core.Cancel(cancel, cluster.now()), absl::StatusCode::kInvalidArgument, "reason");
  }
  SECTION("nodes that do not fit") {
    v1::HeartbeatRequest node = cluster.node("w1").report;
    node.set_version("2");
    CHECK_STATUS(core.Heartbeat(node, cluster.now()), absl::StatusCode::kFailedPrecondition,
                 "this scheduler is 1, the node at w1 is 2");
    node.set_version("1");
    node.mutable_scheduler()->set_cluster_id("cluster-b");
    CHECK_STATUS(core.Heartbeat(node, cluster.now()), absl::StatusCode::kFailedPrecondition,
                 "cluster-b");
    node.clear_scheduler();
    node.set_slots(100000);
    CHECK_STATUS(core.Heartbeat(node, cluster.now()), absl::StatusCode::kInvalidArgument, "slots");
    node.set_slots(1);
    node.clear_address();
    CHECK_STATUS(core.Heartbeat(node, cluster.now()), absl::StatusCode::kInvalidArgument,
                 "address");
    node.set_address("w1");
    node.set_role(v1::NODE_ROLE_UNSPECIFIED);
    CHECK_STATUS(core.Heartbeat(node, cluster.now()), absl::StatusCode::kInvalidArgument, "role");
  }
  CHECK(core.state().journal_index() == before);
}

TEST_CASE("too many jobs are refused with the limit") {
  FakeCluster cluster;
  cluster.options.plan.max_active_jobs = 2;
  REQUIRE_OK(cluster.RestartScheduler());
  CHECK(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP)) == 1);
  CHECK(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP)) == 2);
  v1::SubmitJobRequest request;
  *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
  CHECK_STATUS(cluster.core().Submit(request, cluster.now()), absl::StatusCode::kResourceExhausted,
               "at most 2 jobs");
}

TEST_CASE("what ends a job before its time, with the first cause as the reason") {
  FakeCluster cluster;
  cluster.records = 1000;
  SmallCluster(&cluster);
  const uint64_t job = cluster.Submit(RecordsSpec(4, 2, v1::POLICY_BSP, 10, 10));
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  FakeCluster::Node& worker = cluster.node("w2");
  std::string want;
  SECTION("a task's own error") {
    worker.tasks.begin()->second.report.set_error("/data/train.libsvm: record 7: no label");
    want = ": /data/train.libsvm: record 7: no label";
  }
  SECTION("a task's death") {
    v1::TaskReport* task = worker.report.mutable_tasks(0);
    task->set_state(v1::TaskReport::EXITED);
    task->mutable_exit()->set_cause("killed by signal 9 (SIGKILL)");
    task->mutable_exit()->add_last_log_lines("last words");
    want = "(w2): killed by signal 9 (SIGKILL): last words";
  }
  SECTION("a worker's silence") {
    worker.alive = false;
    want = "(w2) is lost: not heard for";
  }
  SECTION("a worker's restart") {
    cluster.AddWorker("w2", 2);
    want = "(w2) was restarted";
  }
  SECTION("a server's failure") {
    v1::ServerJobReport* report = cluster.node("s1").report.mutable_jobs(0);
    report->set_state(v1::ServerJobReport::FAILED);
    report->set_error("table w: rank 1 iteration 3 pushed a NaN");
    want = "(s1): table w: rank 1 iteration 3 pushed a NaN";
  }
  SECTION("a server's silence") {
    cluster.node("s2").alive = false;
    want = "(s2) is lost: not heard for";
  }
  SECTION("a server that no longer has the tables") {
    cluster.node("s2").report.clear_jobs();
    want = "(s2) no longer holds the job's tables";
  }
  REQUIRE(cluster.RunUntilEnded(job));
  const v1::Job view = cluster.View(job);
  CHECK(view.state() == v1::JOB_STATE_FAILED);
  INFO(view.reason());
  CHECK(view.reason().find(want) != std::string::npos);
  CHECK(view.summary().reason() == view.reason());
  cluster.Step();
  cluster.Step();
  for (auto& [address, node] : cluster.nodes()) {
    if (node.alive) CHECK((node.report.jobs().empty() && node.report.tasks().empty()));
  }
}

TEST_CASE("ranks that disagree about their data end the job") {
  FakeCluster cluster;
  cluster.records = 100;
  SmallCluster(&cluster);
  const uint64_t job = cluster.Submit(RecordsSpec(2, 1, v1::POLICY_BSP, 10, 1));
  cluster.NodeSpeaks(cluster.node("w1"));
  cluster.TaskSpeaks(cluster.node("w1"), cluster.node("w1").tasks.begin()->second);
  cluster.records = 90;
  REQUIRE(cluster.RunUntilEnded(job));
  CHECK(cluster.View(job).reason().find("ranks disagree on training records") != std::string::npos);
}

TEST_CASE("a restart of the scheduler at any moment changes nothing") {
  const auto policy = GENERATE(v1::POLICY_BSP, v1::POLICY_ASP);
  for (int restart_at = 0; restart_at < 24; ++restart_at) {
    FakeCluster cluster;
    cluster.records = 50;
    SmallCluster(&cluster);
    v1::JobSpec spec = RecordsSpec(2, 2, policy, 10, 2);
    spec.mutable_data()->mutable_eval()->set_path("/data/test.libsvm");
    spec.mutable_data()->mutable_eval()->set_format(v1::DATA_FORMAT_LIBSVM);
    const uint64_t job = cluster.Submit(spec);
    for (int step = 0; !HasEnded(cluster.StateOf(job)) && step < 200; ++step) {
      if (step == restart_at) REQUIRE_OK(cluster.RestartScheduler());
      cluster.Step();
    }
    INFO("restart at " << restart_at << ": " << cluster.View(job).reason());
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
    CHECK(cluster.View(job).summary().samples() == 100);
  }
}

TEST_CASE("files of a cut that cannot be committed or hashed fail the job") {
  const bool commit_fails = GENERATE(true, false);
  FakeCluster cluster;
  SmallCluster(&cluster);
  const uint64_t job = cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP));
  // Step without running commands.
  std::vector<Command> commands;
  for (int i = 0; i < 50 && commands.empty(); ++i) {
    for (auto& [address, node] : cluster.nodes()) {
      cluster.NodeSpeaks(node);
      for (auto& [key, task] : node.tasks) cluster.TaskSpeaks(node, task);
    }
    commands = cluster.core().TakeCommands();
  }
  REQUIRE(commands.size() == 1);
  CHECK(commands[0].kind == Command::Kind::kCommitCut);
  CHECK(commands[0].dir == "/data/jobs/1/00000001");
  CHECK(commands[0].manifest.files_size() == commands[0].manifest.shards_size());
  CHECK(commands[0].manifest.progress_size() == 2);
  CHECK(commands[0].manifest.progress(0) == 3);
  // It is not asked twice while the work goes on.
  cluster.Advance(absl::Seconds(1));
  CHECK(cluster.core().TakeCommands().empty());
  if (commit_fails) {
    REQUIRE_OK(cluster.core().OnCutCommitted(job, 1, absl::DataLossError("shard 0: bad checksum"),
                                             cluster.now()));
  } else {
    REQUIRE_OK(cluster.core().OnCutCommitted(job, 1, std::string("m"), cluster.now()));
    REQUIRE(cluster.core().TakeCommands().size() == 1);
    REQUIRE_OK(cluster.core().OnCutHashed(job, 1, absl::DataLossError("shard 0: bad checksum"),
                                          cluster.now()));
  }
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_FAILED);
  CHECK(cluster.View(job).reason() == "cut 1: shard 0: bad checksum");
}

TEST_CASE("an error of the journal changes nothing, and the next event tries again") {
  FakeCluster cluster;
  SmallCluster(&cluster);
  cluster.journal().FailWith(absl::ResourceExhaustedError("disk full"));
  v1::SubmitJobRequest request;
  *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
  const uint64_t before = cluster.core().state().journal_index();
  CHECK_STATUS(cluster.core().Submit(request, cluster.now()), absl::StatusCode::kResourceExhausted,
               "disk full");
  CHECK(cluster.core().state().journal_index() == before);
  cluster.journal().FailWith(absl::OkStatus());
  REQUIRE_OK_AND_ASSIGN(const uint64_t job, cluster.core().Submit(request, cluster.now()));
  cluster.journal().FailWith(absl::UnavailableError("gone"));
  for (int i = 0; i < 5; ++i) cluster.Step();
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_PLACING);
  cluster.journal().FailWith(absl::OkStatus());
  REQUIRE(cluster.RunUntilEnded(job));
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
}

TEST_CASE("a scheduler that a node knows better of is stale") {
  FakeCluster cluster;
  SmallCluster(&cluster);
  v1::HeartbeatRequest node = cluster.node("s1").report;
  std::string want;
  SECTION("greater journal index") {
    node.mutable_scheduler()->set_journal_index(1000);
    want = "journal index 1000";
  }
  SECTION("greater generation") {
    node.mutable_scheduler()->set_generation(5);
    want = "generation 5";
  }
  SECTION("another start of the same generation") {
    node.mutable_scheduler()->set_start_nonce(99);
    want = "nonce 99";
  }
  REQUIRE(cluster.core().stale().ok());
  CHECK_STATUS(cluster.core().Heartbeat(node, cluster.now()), absl::StatusCode::kAborted, want);
  CHECK_STATUS(cluster.core().stale(), absl::StatusCode::kAborted, "node at s1");
  cluster.options.accept_old_state = true;
  REQUIRE_OK(cluster.RestartScheduler());
  CHECK_OK(cluster.core().Heartbeat(node, cluster.now()));
  CHECK_OK(cluster.core().stale());
}

TEST_CASE("an overtaken report does not undo a newer one") {
  FakeCluster cluster;
  SmallCluster(&cluster);
  const v1::HeartbeatRequest before = cluster.node("s1").report;
  const uint64_t job = cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP));
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  // Sent before the server had the job, arrives after.
  REQUIRE_OK(cluster.core().Heartbeat(before, cluster.now()));
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
}

TEST_CASE("an answer is news once") {
  FakeCluster cluster;
  SmallCluster(&cluster);
  const uint64_t job = cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP));
  SchedulerCore& core = cluster.core();
  const v1::HeartbeatRequest report = cluster.node("w1").report;
  REQUIRE_OK_AND_ASSIGN(const uint64_t id, core.Heartbeat(report, cluster.now()));
  const auto first = core.NodeReply(id, cluster.now());
  CHECK(first.news);
  REQUIRE(first.reply.tasks_size() == 1);
  CHECK(first.reply.tasks(0).desired() == v1::TaskOrder::RUN);
  core.NodeReplySent(id, first.reply, cluster.now());
  // Asked again with the same report: still the answer, but no reason to hurry.
  const auto again = core.NodeReply(id, cluster.now());
  CHECK_FALSE(again.news);
  CHECK(again.reply.tasks_size() == 1);
  // The world changes: news.
  v1::CancelJobRequest cancel;
  cancel.set_job_id(job);
  REQUIRE_OK(core.Cancel(cancel, cluster.now()));
  CHECK_FALSE(core.NodeReply(id, cluster.now()).news);  // it never started the task

  v1::SyncTaskRequest task;
  task.set_job_id(job);
  task.set_incarnation(1);
  REQUIRE_OK(core.SyncTask(task, cluster.now()));
  const auto exit = core.TaskReply(task, cluster.now());
  CHECK(exit.news);
  CHECK(exit.reply.desired() == v1::SyncTaskResponse::EXIT);
  CHECK(exit.reply.reason() == "job 1 has ended: cancelled");
}

TEST_CASE("a zombie is told to exit and its word does not count") {
  FakeCluster cluster;
  cluster.records = 100;
  SmallCluster(&cluster);
  const uint64_t job = cluster.Submit(RecordsSpec(2, 1, v1::POLICY_BSP, 10, 5));
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  v1::SyncTaskRequest zombie;
  zombie.set_job_id(job);
  zombie.set_rank(1);
  zombie.set_incarnation(7);
  zombie.set_error("I am dead");
  REQUIRE_OK(cluster.core().SyncTask(zombie, cluster.now()));
  const auto reply = cluster.core().TaskReply(zombie, cluster.now()).reply;
  CHECK(reply.desired() == v1::SyncTaskResponse::EXIT);
  CHECK(reply.reason() == "rank 1: incarnation 1 required, got 7");
  zombie.set_rank(2);
  REQUIRE_OK(cluster.core().SyncTask(zombie, cluster.now()));
  CHECK(cluster.core().TaskReply(zombie, cluster.now()).reply.reason() == "job 1 has no rank 2");
  zombie.set_job_id(77);
  CHECK(cluster.core().TaskReply(zombie, cluster.now()).reply.reason() == "job 77 is unknown");
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
}

TEST_CASE("lists: by state, in pages") {
  FakeCluster cluster;
  for (int i = 0; i < 5; ++i) cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  v1::CancelJobRequest cancel;
  cancel.set_job_id(2);
  REQUIRE_OK(cluster.core().Cancel(cancel, cluster.now()));
  v1::ListJobsRequest request;
  request.set_page_size(2);
  v1::ListJobsResponse page = cluster.core().ListJobs(request, cluster.now());
  REQUIRE(page.jobs_size() == 2);
  CHECK(page.more());
  request.set_after_job_id(page.jobs(1).job_id());
  request.set_page_size(3);
  page = cluster.core().ListJobs(request, cluster.now());
  REQUIRE(page.jobs_size() == 3);
  CHECK_FALSE(page.more());
  CHECK(page.jobs(2).job_id() == 5);
  v1::ListJobsRequest ended;
  ended.add_states(v1::JOB_STATE_CANCELLED);
  page = cluster.core().ListJobs(ended, cluster.now());
  REQUIRE(page.jobs_size() == 1);
  CHECK(page.jobs(0).job_id() == 2);
}

TEST_CASE("the oldest ended jobs are forgotten beyond the limit") {
  FakeCluster cluster;
  cluster.options.plan.max_ended_jobs = 3;
  REQUIRE_OK(cluster.RestartScheduler());
  for (int i = 0; i < 6; ++i) {
    v1::CancelJobRequest cancel;
    cancel.set_job_id(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP), std::to_string(i)));
    REQUIRE_OK(cluster.core().Cancel(cancel, cluster.now()));
  }
  CHECK(cluster.core().state().jobs().size() == 3);
  CHECK(cluster.core().state().FindJob(3) == nullptr);
  CHECK(cluster.core().state().FindJob(4) != nullptr);
  // Ids are never used again.
  CHECK(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP)) == 7);
}

}  // namespace
}  // namespace paceline::scheduler
