// `pacectl logs` against a scheduler and a worker that answer from a script.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/fake_scheduler.h"
#include "cli/pacectl.h"
#include "cli/test_environment.h"
#include "common/sync.h"
#include "proto/cluster.grpc.pb.h"

namespace paceline::cli {
namespace {

// Thread-safe.
class FakeWorker final : public v1::TaskLogs::Service {
 public:
  struct Answer {
    std::string log;
    grpc::Status end;
  };

  FakeWorker() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  // Calls for the rank get these in turn, and the last one from then on.
  void Script(uint32_t rank, std::deque<Answer> answers) {
    MutexLock lock(&mu_);
    answers_[rank] = std::move(answers);
  }
  std::vector<v1::ReadTaskLogRequest> calls() const {
    MutexLock lock(&mu_);
    return calls_;
  }

  grpc::Status ReadTaskLog(grpc::ServerContext*, const v1::ReadTaskLogRequest* request,
                           grpc::ServerWriter<v1::LogChunk>* writer) override {
    Answer answer;
    {
      MutexLock lock(&mu_);
      calls_.push_back(*request);
      std::deque<Answer>& answers = answers_[request->rank()];
      if (answers.empty()) return {grpc::StatusCode::NOT_FOUND, "no log of it"};
      answer = answers.front();
      if (answers.size() > 1) answers.pop_front();
    }
    const int64_t size = static_cast<int64_t>(answer.log.size());
    const int64_t from = request->offset() < 0 ? std::max<int64_t>(size + request->offset(), 0)
                                               : std::min(request->offset(), size);
    v1::LogChunk chunk;
    chunk.set_data(answer.log.substr(static_cast<size_t>(from)));
    writer->Write(chunk);
    return answer.end;
  }

 private:
  int port_ = 0;
  mutable Mutex mu_;
  std::map<uint32_t, std::deque<Answer>> answers_ ABSL_GUARDED_BY(mu_);
  std::vector<v1::ReadTaskLogRequest> calls_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<grpc::Server> server_;
};

v1::Job JobAt(const std::string& worker, uint32_t ranks, v1::JobState state,
              uint64_t incarnation = 1) {
  v1::Job job;
  job.set_job_id(1);
  job.set_state(state);
  job.mutable_spec()->mutable_resources()->set_workers(ranks);
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    v1::RankStatus* status = job.add_ranks();
    status->set_rank(rank);
    status->set_worker_address(worker);
    status->set_incarnation(incarnation);
    if (state == v1::JOB_STATE_RUNNING) status->set_pid(100);
  }
  return job;
}

struct Fixture {
  FakeScheduler scheduler;
  FakeWorker worker;
  TestEnvironment test;

  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"pacectl", "--address", scheduler.address(), "logs"});
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return RunPacectl(static_cast<int>(argv.size()), argv.data(), test.env);
  }
};

TEST_CASE("one rank's log is printed as it is, those of many with prefixes") {
  Fixture f;
  f.scheduler.SetJob(JobAt(f.worker.address(), 3, v1::JOB_STATE_RUNNING));
  f.worker.Script(0, {{.log = "a\nb\n"}});
  f.worker.Script(1, {{.log = "c\nno end"}});
  f.worker.Script(2, {{.log = "d\n"}});
  CHECK(f.Run({"1", "--rank", "1"}) == 0);
  CHECK(f.test.out.str() == "c\nno end\n");
  f.test.out.str("");
  CHECK(f.Run({"1"}) == 0);
  CHECK(f.test.out.str() == "rank 0 | a\nrank 0 | b\nrank 1 | c\nrank 1 | no end\nrank 2 | d\n");
  f.test.out.str("");
  CHECK(f.Run({"--rank", "2", "--rank", "0", "1", "--tail", "1"}) == 0);
  CHECK(f.test.out.str() == "rank 0 | b\nrank 2 | d\n");
  f.test.out.str("");
  CHECK(f.Run({"1", "--rank", "0", "--tail-bytes", "2"}) == 0);
  CHECK(f.test.out.str() == "b\n");
}

TEST_CASE("a log that cannot be read is said, and the others are printed") {
  Fixture f;
  f.scheduler.SetJob(JobAt(f.worker.address(), 2, v1::JOB_STATE_RUNNING));
  f.worker.Script(0, {{.log = "", .end = {grpc::StatusCode::UNAVAILABLE, "shuts down"}}});
  f.worker.Script(1, {{.log = "b\n"}});
  CHECK(f.Run({"1"}) == 1);
  CHECK(f.test.out.str() == "rank 1 | b\n");
  CHECK(absl::StrContains(f.test.err.str(),
                          absl::StrCat("rank 0: worker ", f.worker.address(), ": shuts down")));
  CHECK(f.Run({"1", "--rank", "0"}) == 3);
  CHECK(f.Run({"1", "--rank", "2"}) == 2);
  CHECK(absl::StrContains(f.test.err.str(), "job 1 has ranks 0 to 1, none 2"));
  v1::Job pending = JobAt("", 2, v1::JOB_STATE_PENDING);
  pending.set_reason("needs 2 workers, 0 free");
  f.scheduler.SetJob(pending);
  CHECK(f.Run({"1", "--rank", "0"}) == 2);
  CHECK(absl::StrContains(f.test.err.str(),
                          "job 1, rank 0: not placed on a worker: needs 2 workers, 0 free"));
}

TEST_CASE("logs are followed through incarnations until the job ends") {
  Fixture f;
  const std::string worker = f.worker.address();
  f.scheduler.SetJob(JobAt(worker, 1, v1::JOB_STATE_RUNNING));
  f.worker.Script(0, {{.log = "old\nfirst\n"}, {.log = "old\nfirst\n"}, {.log = "second\n"}});
  f.scheduler.Script({{.updates = {JobAt(worker, 1, v1::JOB_STATE_RUNNING)}},
                      // One call reads what is there for its tail, one follows.
                      {.updates = {JobAt(worker, 1, v1::JOB_STATE_RUNNING, 2)},
                       .after = [&] { return f.worker.calls().size() == 2; }},
                      {.updates = {JobAt(worker, 1, v1::JOB_STATE_SUCCEEDED, 2)},
                       .after = [&] { return f.worker.calls().size() == 3; }}});
  CHECK(f.Run({"1", "-f", "--tail", "1"}) == 0);
  CHECK(f.test.out.str() == "rank 0 | first\nrank 0 | second\n");
  const auto calls = f.worker.calls();
  REQUIRE(calls.size() == 3);
  CHECK_FALSE(calls[0].follow());
  CHECK(calls[1].follow());
  CHECK(calls[1].offset() == 10);
  CHECK(calls[2].offset() == 0);
}

TEST_CASE("a worker that is away is said, and its log goes on where it ended") {
  Fixture f;
  const std::string worker = f.worker.address();
  f.scheduler.SetJob(JobAt(worker, 1, v1::JOB_STATE_RUNNING));
  f.worker.Script(
      0, {{.log = "a\nb", .end = {grpc::StatusCode::UNAVAILABLE, "gone"}}, {.log = "a\nb\nc\n"}});
  f.scheduler.Script({{.updates = {JobAt(worker, 1, v1::JOB_STATE_RUNNING)}},
                      {.updates = {JobAt(worker, 1, v1::JOB_STATE_SUCCEEDED)},
                       .after = [&] { return f.worker.calls().size() == 2; }}});
  CHECK(f.Run({"1", "-f"}) == 0);
  CHECK(f.test.out.str() == "rank 0 | a\nrank 0 | b\nrank 0 | c\n");
  CHECK(absl::StrContains(f.test.err.str(), absl::StrCat("rank 0: worker ", worker, " is away")));
}

TEST_CASE("a worker that stays away after the end of the job is given up") {
  Fixture f;
  f.scheduler.SetJob(JobAt("127.0.0.1:1", 1, v1::JOB_STATE_FAILED));
  f.scheduler.Script({{.updates = {JobAt("127.0.0.1:1", 1, v1::JOB_STATE_FAILED)}}});
  CHECK(f.Run({"1", "-f"}) == 1);
  CHECK(absl::StrContains(f.test.err.str(), "rank 0: given up: worker 127.0.0.1:1"));
}

TEST_CASE("too many logs to follow are refused, and Ctrl-C ends it") {
  Fixture f;
  f.scheduler.SetJob(JobAt(f.worker.address(), 65, v1::JOB_STATE_RUNNING));
  CHECK(f.Run({"1", "-f"}) == 1);
  CHECK(absl::StrContains(f.test.err.str(), "at most 64 logs are followed at a time"));
  f.worker.Script(0, {{.log = "a\n"}});
  std::thread user([&] {
    while (f.worker.calls().empty()) std::this_thread::yield();
    f.test.interrupt.Request();
  });
  CHECK(f.Run({"1", "-f", "--rank", "0"}) == 130);
  user.join();
}

}  // namespace
}  // namespace paceline::cli
