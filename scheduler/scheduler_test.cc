// The scheduler over loopback gRPC, with nodes and tasks that do as they are told.
#include "scheduler/scheduler.h"

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <httplib.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/sha256.h"
#include "common/status/status_matchers.h"
#include "common/version/version.h"
#include "proto/cluster.grpc.pb.h"
#include "scheduler/core/fake_node.h"
#include "scheduler/core/state/memory_journal.h"
#include "scheduler/loopback_node.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kRecords = 200;

std::string TemporaryFolder() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string folder = absl::StrCat(base == nullptr ? "/tmp" : base, "/scheduler-XXXXXX");
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  return folder;
}

struct Harness {
  Harness() {
    options.clock = &clock;
    options.fs = &fs;
    options.data_dir = TemporaryFolder();
    options.heartbeat = absl::Milliseconds(300);
    options.http_listen.host = "127.0.0.1";
    Start();
  }

  void Start() {
    auto started = Scheduler::Start(options);
    INFO(started.status().ToString());
    REQUIRE(started.ok());
    scheduler = *std::move(started);
    options.listen.port = scheduler->port();
    stub = v1::Scheduler::NewStub(
        MakeChannel(scheduler->address(), grpc::InsecureChannelCredentials()));
  }

  void AddNodes(int servers, int workers) {
    for (int i = 0; i < servers + workers; ++i) {
      const std::string name = absl::StrCat(i < servers ? "s" : "w", i);
      FakeNode node = i < servers ? FakeNode::Server(name, 100 + i)
                                  : FakeNode::Worker(name, 100 + i, /*slots=*/1);
      node.report.set_version(std::string(kVersion));
      if (i < servers) node.write_cut = CutOfOnes(&fs, name);
      nodes[name] = std::make_unique<LoopbackNode>(scheduler->address(), std::move(node), kRecords);
    }
  }

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::Scheduler::Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    return FromGrpcStatus((stub.get()->*method)(&context, request, response));
  }

  uint64_t Submit(const v1::JobSpec& spec) {
    v1::SubmitJobRequest request;
    *request.mutable_spec() = spec;
    v1::SubmitJobResponse response;
    REQUIRE_OK(Call(&v1::Scheduler::Stub::SubmitJob, request, &response));
    return response.job_id();
  }

  // Follows the job until it ends or is in `state`; returns what was last seen.
  v1::Job Watch(uint64_t job_id, v1::JobState state = v1::JOB_STATE_UNSPECIFIED) {
    v1::WatchJobRequest request;
    request.set_job_id(job_id);
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    const auto reader = stub->WatchJob(&context, request);
    v1::Job job;
    while (reader->Read(&job)) {
      ++messages;
      if (job.state() == state) {
        context.TryCancel();
        break;
      }
    }
    watch_status = FromGrpcStatus(reader->Finish());
    return job;
  }

  // Until the node runs this incarnation of a rank.
  bool AwaitTask(const std::string& node, uint64_t incarnation) {
    return nodes[node]->Await([&](const FakeNode& fake) {
      for (const auto& [key, task] : fake.tasks) {
        if (task.report.incarnation() == incarnation) return true;
      }
      return false;
    });
  }

  bool AwaitClosed() {
    for (auto& [name, node] : nodes) {
      if (!node->Await([](const FakeNode& fake) {
            return fake.report.jobs().empty() && fake.report.tasks().empty();
          })) {
        return false;
      }
    }
    return true;
  }

  RealClock clock;
  PosixFileSystem fs;
  Scheduler::Options options;
  std::unique_ptr<Scheduler> scheduler;
  std::unique_ptr<v1::Scheduler::Stub> stub;
  std::map<std::string, std::unique_ptr<LoopbackNode>> nodes;
  int messages = 0;
  absl::Status watch_status;
};

TEST_CASE("submit, watch, succeed, read the cut, all closed") {
  Harness harness;
  harness.AddNodes(2, 2);
  v1::JobSpec spec = RecordsSpec(2, 2, v1::POLICY_SSP, 10, 2);
  spec.mutable_data()->mutable_eval()->set_path("/data/test.libsvm");
  spec.mutable_data()->mutable_eval()->set_format(v1::DATA_FORMAT_LIBSVM);
  const uint64_t job_id = harness.Submit(spec);
  const v1::Job job = harness.Watch(job_id);
  INFO(job.ShortDebugString());
  REQUIRE_OK(harness.watch_status);
  CHECK(job.state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(harness.messages >= 2);
  CHECK(job.summary().samples() == 2 * kRecords);
  CHECK(job.summary().eval().accuracy() == 0.75);
  // Table "w": 1000 rows of 4096 ones.
  Sha256 naive;
  naive.Update(absl::string_view("w\0\0\xe8\3\0\0\0\0\0\0\0\x10\0\0", 15));
  const std::vector<float> ones(4096, 1.0f);
  for (uint64_t row = 0; row < 1000; ++row) {
    naive.Update({reinterpret_cast<const char*>(&row), sizeof(row)});
    naive.Update({reinterpret_cast<const char*>(ones.data()), ones.size() * sizeof(float)});
  }
  CHECK(job.summary().parameters_sha256() == naive.HexDigest());
  CHECK(harness.AwaitClosed());
  // A job that has ended is sent once.
  harness.messages = 0;
  CHECK(harness.Watch(job_id).state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(harness.messages == 1);

  // The cut: manifest first, then every shard, whole.
  v1::ReadCutRequest request;
  request.set_job_id(job_id);
  grpc::ClientContext context;
  const auto reader = harness.stub->ReadCut(&context, request);
  v1::CutChunk chunk;
  std::map<std::string, std::string> files;
  std::string first;
  while (reader->Read(&chunk)) {
    if (first.empty()) first = chunk.file();
    CHECK(chunk.offset() == files[chunk.file()].size());
    CHECK(chunk.data().size() <= (1 << 20));
    files[chunk.file()] += chunk.data();
  }
  REQUIRE_OK(FromGrpcStatus(reader->Finish()));
  CHECK(first == "manifest.json");
  CHECK(files.size() == 5);
  // Not the first, if this machine was so busy that a server seemed lost.
  const std::string cut = absl::StrFormat("%s/%08d", job.checkpoint_dir(), job.last_cut());
  for (const auto& [name, bytes] : files) {
    REQUIRE_OK_AND_ASSIGN(const std::string on_disk, ReadFile(harness.fs, JoinPath(cut, name)));
    CHECK((bytes == on_disk));
  }

  httplib::Client http("127.0.0.1", harness.scheduler->http_port());
  CHECK(http.Get("/healthz")->status == 200);
  CHECK(http.Get("/readyz")->status == 200);
  CHECK(http.Get("/version")->body.find("\"role\":\"scheduler\"") != std::string::npos);
  CHECK(http.Get("/status")->body.find("\"state\":\"succeeded\"") != std::string::npos);
  const std::string metrics = http.Get("/metrics")->body;
  CHECK(metrics.find("paceline_nodes{role=\"worker\",live=\"true\"} 2\n") != std::string::npos);
  CHECK(metrics.find("paceline_jobs{state=\"succeeded\"} 1\n") != std::string::npos);
}

TEST_CASE("cancel frees the job and leaves the other alone") {
  Harness harness;
  harness.AddNodes(1, 2);
  v1::JobSpec endless = CountingSpec(1, 1, v1::POLICY_ASP);
  endless.mutable_train()->set_iterations(1'000'000'000);
  const uint64_t first = harness.Submit(endless);
  const uint64_t second = harness.Submit(endless);
  CHECK(harness.Watch(first, v1::JOB_STATE_RUNNING).state() == v1::JOB_STATE_RUNNING);
  CHECK(harness.Watch(second, v1::JOB_STATE_RUNNING).state() == v1::JOB_STATE_RUNNING);
  v1::CancelJobRequest cancel;
  cancel.set_job_id(first);
  cancel.set_reason("enough");
  v1::Job job;
  REQUIRE_OK(harness.Call(&v1::Scheduler::Stub::CancelJob, cancel, &job));
  CHECK(job.state() == v1::JOB_STATE_CANCELLED);
  CHECK(harness.nodes["s0"]->Await([&](const FakeNode& node) {
    return node.report.jobs_size() == 1 && node.report.jobs(0).job_id() == second;
  }));
  v1::GetJobRequest get;
  get.set_job_id(second);
  REQUIRE_OK(harness.Call(&v1::Scheduler::Stub::GetJob, get, &job));
  CHECK(job.state() == v1::JOB_STATE_RUNNING);
}

TEST_CASE("a task that dies is replaced") {
  Harness harness;
  harness.AddNodes(1, 1);
  v1::JobSpec endless = CountingSpec(1, 1, v1::POLICY_ASP);
  endless.mutable_train()->set_iterations(1'000'000'000);
  const uint64_t job_id = harness.Submit(endless);
  harness.Watch(job_id, v1::JOB_STATE_RUNNING);
  harness.nodes["w1"]->With([](FakeNode& node) {
    v1::TaskReport* task = node.report.mutable_tasks(0);
    task->set_state(v1::TaskReport::EXITED);
    task->mutable_exit()->set_cause("killed by signal 11 (SIGSEGV)");
    node.tasks.begin()->second.exited = true;
  });
  CHECK(harness.AwaitTask("w1", 2));
  v1::GetJobRequest get;
  get.set_job_id(job_id);
  v1::Job job;
  REQUIRE_OK(harness.Call(&v1::Scheduler::Stub::GetJob, get, &job));
  CHECK(job.state() == v1::JOB_STATE_RUNNING);
  CHECK(job.ranks(0).last_exit().cause() == "killed by signal 11 (SIGSEGV)");
}

TEST_CASE("a worker that is not heard any more loses its rank to another") {
  Harness harness;
  harness.AddNodes(1, 2);
  v1::JobSpec endless = CountingSpec(1, 1, v1::POLICY_ASP);
  endless.mutable_train()->set_iterations(1'000'000'000);
  const uint64_t job_id = harness.Submit(endless);
  harness.Watch(job_id, v1::JOB_STATE_RUNNING);
  bool first = false;
  harness.nodes["w1"]->With([&](const FakeNode& node) { first = !node.tasks.empty(); });
  harness.nodes[first ? "w1" : "w2"]->Stop();
  CHECK(harness.AwaitTask(first ? "w2" : "w1", 2));
  v1::GetJobRequest get;
  get.set_job_id(job_id);
  v1::Job job;
  REQUIRE_OK(harness.Call(&v1::Scheduler::Stub::GetJob, get, &job));
  CHECK(job.state() == v1::JOB_STATE_RUNNING);
  CHECK(job.ranks(0).last_exit().cause().find("is lost: not heard for") != std::string::npos);
  CHECK(job.summary().restarts() == 1);
}

TEST_CASE("jobs go on while the scheduler is down and after") {
  Harness harness;
  harness.AddNodes(2, 2);
  const uint64_t job_id = harness.Submit(RecordsSpec(2, 2, v1::POLICY_ASP, 8, 2));
  harness.Watch(job_id, v1::JOB_STATE_RUNNING);
  harness.scheduler->Shutdown(absl::Seconds(1));
  REQUIRE_OK(harness.scheduler->Wait());
  harness.scheduler.reset();
  harness.Start();
  const v1::Job job = harness.Watch(job_id);
  INFO(job.ShortDebugString());
  CHECK(job.state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(job.summary().samples() == 2 * kRecords);
  v1::Cluster cluster;
  REQUIRE_OK(
      harness.Call(&v1::Scheduler::Stub::DescribeCluster, v1::DescribeClusterRequest(), &cluster));
  CHECK(cluster.generation() == 2);
  CHECK(cluster.nodes_size() == 4);
  CHECK(cluster.address() == harness.scheduler->address());
  CHECK(cluster.host().memory_bytes() > 0);
}

TEST_CASE("what is refused, over the wire") {
  Harness harness;
  v1::SubmitJobRequest submit;
  *submit.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
  submit.mutable_spec()->mutable_resources()->set_servers(4000);
  v1::SubmitJobResponse submitted;
  CHECK_STATUS(harness.Call(&v1::Scheduler::Stub::SubmitJob, submit, &submitted),
               absl::StatusCode::kInvalidArgument, "resources.servers");
  v1::GetJobRequest get;
  get.set_job_id(3);
  v1::Job job;
  CHECK_STATUS(harness.Call(&v1::Scheduler::Stub::GetJob, get, &job), absl::StatusCode::kNotFound,
               "job 3");
  harness.Watch(3);
  CHECK_STATUS(harness.watch_status, absl::StatusCode::kNotFound, "job 3");
  const uint64_t pending = harness.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  v1::ReadCutRequest cut;
  cut.set_job_id(pending);
  grpc::ClientContext context;
  const auto reader = harness.stub->ReadCut(&context, cut);
  v1::CutChunk chunk;
  CHECK_FALSE(reader->Read(&chunk));
  CHECK_STATUS(FromGrpcStatus(reader->Finish()), absl::StatusCode::kNotFound, "no committed cut");
}

TEST_CASE("faults row 33: a node of another version is refused over the wire, naming both") {
  Harness harness;
  const auto coordination = v1::Coordination::NewStub(
      MakeChannel(harness.scheduler->address(), grpc::InsecureChannelCredentials()));
  FakeNode node = FakeNode::Server("s", 1);
  node.report.set_version("0.0.0-other");
  grpc::ClientContext beat;
  v1::HeartbeatResponse response;
  CHECK_STATUS(FromGrpcStatus(coordination->Heartbeat(&beat, node.report, &response)),
               absl::StatusCode::kFailedPrecondition,
               "this scheduler is " + std::string(kVersion) + ", the node at s is 0.0.0-other");
}

TEST_CASE("a parked call is answered after a heartbeat, and a caller that goes is let go") {
  Harness harness;
  const auto coordination = v1::Coordination::NewStub(
      MakeChannel(harness.scheduler->address(), grpc::InsecureChannelCredentials()));
  FakeNode node = FakeNode::Server("s", 1);
  node.report.set_version(std::string(kVersion));
  v1::HeartbeatResponse response;
  grpc::ClientContext held;
  REQUIRE_OK(FromGrpcStatus(coordination->Heartbeat(&held, node.report, &response)));
  CHECK(response.node_id() == 1);
  CHECK(response.incarnation() == 1);
  CHECK(response.heartbeat_ms() == 300);
  CHECK(response.scheduler().generation() == 1);
  grpc::ClientContext gone;
  gone.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(5));
  CHECK_STATUS(FromGrpcStatus(coordination->Heartbeat(&gone, node.report, &response)),
               absl::StatusCode::kDeadlineExceeded, "");
  harness.scheduler->Shutdown(absl::Seconds(5));
}

TEST_CASE("faults row 7: a scheduler that a node knows better of stops, and says why") {
  Harness harness;
  const auto coordination = v1::Coordination::NewStub(
      MakeChannel(harness.scheduler->address(), grpc::InsecureChannelCredentials()));
  FakeNode node = FakeNode::Server("s", 1);
  node.report.set_version(std::string(kVersion));
  v1::HeartbeatResponse response;
  grpc::ClientContext first;
  REQUIRE_OK(FromGrpcStatus(coordination->Heartbeat(&first, node.report, &response)));
  *node.report.mutable_scheduler() = response.scheduler();
  node.report.mutable_scheduler()->set_generation(7);
  grpc::ClientContext second;
  CHECK_STATUS(FromGrpcStatus(coordination->Heartbeat(&second, node.report, &response)),
               absl::StatusCode::kAborted, "generation 7");
  CHECK_STATUS(harness.scheduler->Wait(), absl::StatusCode::kAborted, "generation 7");
  httplib::Client http("127.0.0.1", harness.scheduler->http_port());
  CHECK(http.Get("/healthz")->status == 503);
  v1::GetJobRequest get;
  v1::Job job;
  CHECK_STATUS(harness.Call(&v1::Scheduler::Stub::GetJob, get, &job), absl::StatusCode::kAborted,
               "generation 7");
}

TEST_CASE("options that cannot be") {
  RealClock clock;
  PosixFileSystem fs;
  MemoryJournal journal;
  Scheduler::Options options = {.clock = &clock, .fs = &fs};
  options.journal = &journal;
  CHECK_STATUS(Scheduler::Start(options), absl::StatusCode::kInvalidArgument, "--data-dir");
  options.data_dir = TemporaryFolder();
  options.heartbeat = absl::Milliseconds(1);
  CHECK_STATUS(Scheduler::Start(options), absl::StatusCode::kInvalidArgument, "--heartbeat-ms");
  options.heartbeat = absl::Seconds(1);
  options.listen.host = "0.0.0.0";
  CHECK_STATUS(Scheduler::Start(options), absl::StatusCode::kInvalidArgument, "--advertise");
  options.listen.host = "127.0.0.1";
  REQUIRE_OK_AND_ASSIGN(const auto first, Scheduler::Start(options));
  options.listen.port = first->port();
  MemoryJournal other;
  options.journal = &other;
  CHECK_STATUS(Scheduler::Start(options), absl::StatusCode::kUnavailable, "--listen");
  options.listen.port = 0;
  options.journal = nullptr;
  REQUIRE_OK_AND_ASSIGN(const auto on_disk, Scheduler::Start(options));
  CHECK_STATUS(Scheduler::Start(options), absl::StatusCode::kFailedPrecondition, "another process");
}

}  // namespace
}  // namespace paceline::scheduler
