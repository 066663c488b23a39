// The command line against a scheduler that answers from a script.
#include "cli/pacectl.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "cli/fake_scheduler.h"
#include "cli/test_environment.h"

namespace paceline::cli {
namespace {

constexpr char kJob[] = R"(
name: count
model: {kind: counting}
train: {iterations: 5}
)";

// pacectl with these arguments; the exit code.
int Run(TestEnvironment& test, const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"pacectl"};
  for (const std::string& argument : arguments) {
    argv.push_back(argument.c_str());
  }
  return RunPacectl(static_cast<int>(argv.size()), argv.data(), test.env);
}

v1::Job JobIn(v1::JobState state, const std::string& word) {
  v1::Job job;
  job.set_state(state);
  job.mutable_summary()->set_state(word);
  return job;
}

v1::Job Succeeded() {
  v1::Job job = JobIn(v1::JOB_STATE_SUCCEEDED, "succeeded");
  job.mutable_summary()->set_iterations(5);
  return job;
}

v1::Job Failed() {
  v1::Job job = JobIn(v1::JOB_STATE_FAILED, "failed");
  job.set_reason("rank 1: killed by SIGKILL");
  v1::FirstFailure* first = job.mutable_first_failure();
  first->set_rank(1);
  first->set_worker_address("host-b:7072");
  first->mutable_exit()->set_cause("killed by SIGKILL");
  first->mutable_exit()->add_last_log_lines("the last words");
  return job;
}

TEST_CASE("submit prints the id, and the same request id starts one job") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string job = test.Write("job.yaml", kJob);
  CHECK(Run(test, {"--address", scheduler.address(), "submit", job, "-o", "json"}) == 0);
  CHECK(nlohmann::json::parse(test.out.str())["job_id"] == "1");
  test.out.str("");
  CHECK(Run(test, {"submit", job, "--request-id", "x", "--address", scheduler.address()}) == 0);
  CHECK(Run(test, {"submit", job, "--request-id", "x", "--address", scheduler.address()}) == 0);
  CHECK(test.out.str() == "2\n2\n");
  REQUIRE(scheduler.submitted().size() == 2);
  CHECK(scheduler.submitted()[0].model().rows() == 64);
}

TEST_CASE("submit --wait follows the job, and its end is the exit code") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string job = test.Write("job.yaml", kJob);
  const std::vector<std::string> command = {
      "--address", scheduler.address(), "submit", job, "--wait", "-o", "json", "--request-id", "1"};
  scheduler.Script({{.updates = {JobIn(v1::JOB_STATE_RUNNING, "running"), Succeeded()}}});
  CHECK(Run(test, command) == 0);
  CHECK(nlohmann::json::parse(test.out.str())["state"] == "succeeded");
  CHECK(nlohmann::json::parse(test.out.str())["eval"].is_object());

  test.err.str("");
  scheduler.Script({{.updates = {Failed()}}});
  CHECK(Run(test, command) == 1);
  CHECK(absl::StrContains(test.err.str(),
                          "rank 1 on host-b:7072 at iteration 0: killed by SIGKILL\n"));
  CHECK(absl::StrContains(test.err.str(), "    | the last words\n"));

  scheduler.Script({{.updates = {JobIn(v1::JOB_STATE_CANCELLED, "cancelled")}}});
  CHECK(Run(test, command) == 1);
}

TEST_CASE("a watch goes on through streams that break or end") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string job = test.Write("job.yaml", kJob);
  const v1::Job running = JobIn(v1::JOB_STATE_RUNNING, "running");
  scheduler.Script({{.updates = {running}, .end = {grpc::StatusCode::UNAVAILABLE, "restarting"}},
                    {.updates = {running}},
                    {.updates = {running}, .end = {grpc::StatusCode::DEADLINE_EXCEEDED, "long"}},
                    {.updates = {Succeeded()}}});
  CHECK(Run(test, {"--address", scheduler.address(), "submit", job, "--wait"}) == 0);
  CHECK(scheduler.watches() == 4);
  CHECK(absl::StrContains(test.out.str(), "succeeded"));
}

TEST_CASE("Ctrl-C during submit --wait leaves the job running and says how to cancel") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string job = test.Write("job.yaml", kJob);
  std::thread user([&] {
    while (scheduler.watches() == 0) {
      std::this_thread::yield();
    }
    test.interrupt.Request();
  });
  CHECK(Run(test, {"--address", scheduler.address(), "submit", job, "--wait"}) == 130);
  user.join();
  CHECK(absl::StrContains(test.err.str(), "job 1 goes on; cancel it with: pacectl cancel 1"));
  CHECK(scheduler.cancelled().empty());
}

TEST_CASE("a wait that takes too long ends with 5") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string job = test.Write("job.yaml", kJob);
  CHECK(Run(test, {"--address", scheduler.address(), "submit", job, "--wait", "--timeout", "1"}) ==
        5);
  CHECK(absl::StrContains(test.err.str(), "job 1 has not ended within 1s"));
}

TEST_CASE("list shows all pages") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string job = test.Write("job.yaml", kJob);
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    REQUIRE(Run(test, {"--address", scheduler.address(), "submit", job, "--request-id", id}) == 0);
  }
  test.out.str("");
  CHECK(Run(test, {"--address", scheduler.address(), "list", "-o", "json"}) == 0);
  CHECK(nlohmann::json::parse(test.out.str())["jobs"].size() == 5);
  test.out.str("");
  CHECK(Run(test, {"--address", scheduler.address(), "list"}) == 0);
  CHECK(absl::StrContains(test.out.str(), "pending: needs 2 workers, 0 free"));
}

TEST_CASE("status, describe, watch and cancel of one job") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string address = scheduler.address();
  REQUIRE(Run(test, {"--address", address, "submit", test.Write("job.yaml", kJob)}) == 0);
  const auto json = [&](const std::vector<std::string>& arguments) {
    test.out.str("");
    std::vector<std::string> all = {"--address", address, "-o", "json"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    REQUIRE(Run(test, all) == 0);
    return nlohmann::json::parse(test.out.str());
  };
  CHECK(json({"status", "1"})["state"] == "pending");
  CHECK(json({"describe", "1"})["state"] == "JOB_STATE_PENDING");
  CHECK(json({"cancel", "1", "--reason", "enough"})["state"] == "cancelled");
  REQUIRE(scheduler.cancelled().size() == 1);
  CHECK(scheduler.cancelled()[0].reason() == "enough");
  scheduler.Script({{.updates = {Succeeded()}}});
  CHECK(json({"watch", "1"})["state"] == "JOB_STATE_SUCCEEDED");
  CHECK(json({"cluster"})["nodes"][0]["slots"] == 2);
  CHECK(Run(test, {"--address", address, "describe", "1"}) == 0);
  CHECK(Run(test, {"--address", address, "cluster"}) == 0);
}

TEST_CASE("checkpoint waits for a cut that is new enough, or says why there is none") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string address = scheduler.address();
  REQUIRE(Run(test, {"--address", address, "submit", test.Write("job.yaml", kJob)}) == 0);
  v1::Job job = JobIn(v1::JOB_STATE_RUNNING, "running");
  const auto add_cut = [&](uint64_t id) {
    v1::CutStatus* cut = job.add_cuts();
    cut->set_cut_id(id);
    cut->set_iteration(10 * id);
    job.set_last_cut(id);
    return job;
  };
  test.out.str("");
  std::vector<v1::Job> updates = {job, add_cut(4)};
  SECTION("it comes") {
    updates.push_back(add_cut(5));
    scheduler.Script({{.updates = updates}});
    CHECK(Run(test, {"--address", address, "checkpoint", "1"}) == 0);
    CHECK(absl::StrContains(test.out.str(), "cut 5 at iteration 50"));
  }
  SECTION("it fails") {
    job.set_cut_alarm("server 1 (s1): no space left on device");
    job.set_failed_cut(5);
    updates.push_back(job);
    scheduler.Script({{.updates = updates}});
    CHECK(Run(test, {"--address", address, "checkpoint", "1"}) == 1);
    CHECK(absl::StrContains(test.err.str(), "no cut was taken: server 1 (s1): no space left"));
  }
  SECTION("the job ends before") {
    updates.push_back(JobIn(v1::JOB_STATE_CANCELLED, "cancelled"));
    scheduler.Script({{.updates = updates}});
    CHECK(Run(test, {"--address", address, "checkpoint", "1"}) == 1);
    CHECK(absl::StrContains(test.err.str(), "no cut was taken: the job is cancelled"));
  }
}

TEST_CASE("every kind of failure has its exit code") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string address = scheduler.address();
  CHECK(Run(test, {"--address", address, "status", "7"}) == 2);
  CHECK(absl::StrContains(test.err.str(), "no job 7"));
  CHECK(Run(test, {"--address", address, "watch", "7"}) == 2);
  CHECK(Run(test, {"--address", address, "cancel", "7"}) == 2);
  CHECK(Run(test, {"--address", address, "logs", "7"}) == 2);
  CHECK(Run(test, {"--address", address, "export", "7", test.folder.path() + "/x.npz"}) == 2);
  CHECK(Run(test, {"--address", address, "export", "1", "x.txt"}) == 2);
  CHECK(Run(test, {"--address", "nonsense", "list"}) == 2);
  CHECK(Run(test, {"frobnicate"}) == 2);
  CHECK(Run(test, {}) == 2);
  CHECK(Run(test, {"status", "seven"}) == 2);
  CHECK(Run(test, {"-o", "xml", "list"}) == 2);
  CHECK(Run(test, {"submit", "/no/such/file"}) == 2);
  CHECK(Run(test, {"--help"}) == 0);
  test.err.str("");
  CHECK(Run(test, {"list"}) == 3);
  CHECK(absl::StrContains(test.err.str(), "no scheduler at 127.0.0.1:1: "));
  scheduler.SetError({grpc::StatusCode::PERMISSION_DENIED, "not you"});
  CHECK(Run(test, {"--address", address, "cluster"}) == 4);
  scheduler.SetError({grpc::StatusCode::DEADLINE_EXCEEDED, ""});
  CHECK(Run(test, {"--address", address, "cluster"}) == 5);
  scheduler.SetError({grpc::StatusCode::INTERNAL, "broken"});
  CHECK(Run(test, {"--address", address, "cluster"}) == 1);
}

TEST_CASE("a wrong job file never reaches the scheduler") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string job = test.Write("job.yaml", "name: count\nmodle: {kind: counting}\n");
  CHECK(Run(test, {"--address", scheduler.address(), "submit", job}) == 2);
  CHECK(absl::StrContains(test.err.str(), job + ":2: modle: unknown key; did you mean `model`?\n"));
  CHECK(scheduler.submitted().empty());
}

TEST_CASE("what is mistyped is said with what was probably meant") {
  TestEnvironment test;
  const auto error = [&](const std::vector<std::string>& arguments) {
    test.err.str("");
    CHECK(Run(test, arguments) == 2);
    return test.err.str();
  };
  CHECK(absl::StartsWith(error({"submitt"}),
                         "pacectl: no command `submitt`; did you mean `submit`?\n"));
  CHECK(absl::StartsWith(error({"submit", "--wiat"}),
                         "pacectl submit: no flag `--wiat`; did you mean `--wait`?\n"));
  CHECK(absl::StrContains(error({"list", "--adress=x:1"}),
                          "no flag `--adress`; did you mean `--address`?"));
  CHECK(absl::StrContains(error({"-o", "jsn", "list"}), "got `jsn`; did you mean `json`?"));
  CHECK(absl::StrContains(error({"status", "7", "8"}), "argument `8` is one too many"));
  CHECK(absl::StrContains(error({"context"}), "a command expected: list, show, use"));
  CHECK(absl::StrContains(error({"status", "7", "-o", "name"}),
                          "--output of status: table, json, yaml expected, got `name`"));
  CHECK(absl::StrContains(error({"watch", "--tensorboard", "runs"}), "the id of a job expected"));
  test.out.str("");
  CHECK(Run(test, {"watch", "--help"}) == 0);
  CHECK(absl::StrContains(test.out.str(), "Examples:\n  pacectl watch 7\n"));
}

TEST_CASE("a context says where the scheduler is, unless somebody else does") {
  FakeScheduler scheduler;
  TestEnvironment test;
  CHECK(Run(test, {"context", "set", "here", "--address", scheduler.address()}) == 0);
  CHECK(Run(test, {"list"}) == 3);
  CHECK(Run(test, {"list", "--context", "here"}) == 0);
  test.env.address_variable.clear();
  CHECK(Run(test, {"list"}) == 0);
  CHECK(Run(test, {"list", "--address", "127.0.0.1:1"}) == 3);
  CHECK(Run(test, {"list", "--context", "heer"}) == 2);
  CHECK(absl::StrContains(test.err.str(), "--context: no context `heer`; did you mean `here`?"));
  CHECK(Run(test, {"list", "--context", "here", "--tls-dir", "/nowhere"}) == 2);
  CHECK(absl::StrContains(test.err.str(), "--tls-dir: /nowhere/ca.crt"));
}

TEST_CASE("all jobs are watched until Ctrl-C, a line for each change") {
  FakeScheduler scheduler;
  TestEnvironment test;
  v1::Job job = JobIn(v1::JOB_STATE_RUNNING, "running");
  job.set_job_id(1);
  job.mutable_spec()->set_name("digits");
  scheduler.SetJob(job);
  CHECK(Run(test, {"--address", scheduler.address(), "watch", "--timeout", "1"}) == 5);
  CHECK(absl::StrContains(test.out.str(), "job 1 (digits) running: "));
  CHECK(Run(test, {"--address", "127.0.0.1:1", "watch"}) == 3);
}

TEST_CASE("a live watch draws frames, then the summary, and curves are written") {
  FakeScheduler scheduler;
  TestEnvironment test;
  test.env.err_is_terminal = true;
  v1::Job running = JobIn(v1::JOB_STATE_RUNNING, "running");
  running.set_job_id(1);
  running.mutable_spec()->set_name("digits");
  running.add_ranks()->set_hostname("host-a");
  running.add_history()->set_iteration(3);
  scheduler.SetJob(running);
  scheduler.Script({{.updates = {running, Succeeded()}}});
  const std::string runs = test.folder.path() + "/runs";
  CHECK(Run(test, {"--address", scheduler.address(), "watch", "1", "--tensorboard", runs}) == 0);
  CHECK(absl::StrContains(test.err.str(), "host-a"));
  CHECK(absl::StrContains(test.err.str(), "\x1b[J"));
  CHECK(absl::StrContains(test.out.str(), "succeeded"));
  CHECK(test.fs.List(runs + "/digits-1")->size() == 1);
  // A folder that cannot be made is said before anything else.
  CHECK(Run(test, {"--address", scheduler.address(), "watch", "1", "--tensorboard",
                   "/proc/nothing"}) == 2);
}

TEST_CASE("top shows nodes and ranks, and as data the cluster and its jobs") {
  FakeScheduler scheduler;
  TestEnvironment test;
  v1::Job job = JobIn(v1::JOB_STATE_RUNNING, "running");
  job.set_job_id(1);
  job.add_ranks()->set_hostname("host-a");
  scheduler.SetJob(job);
  CHECK(Run(test, {"--address", scheduler.address(), "top", "--once"}) == 0);
  CHECK(absl::StartsWith(test.out.str(), "NODE  ROLE"));
  CHECK(absl::StrContains(test.out.str(), "host-a"));
  test.out.str("");
  CHECK(Run(test, {"--address", scheduler.address(), "top", "-o", "json"}) == 0);
  const auto json = nlohmann::json::parse(test.out.str());
  CHECK(json["cluster"]["nodes"].size() == 1);
  CHECK(json["jobs"]["jobs"].size() == 1);
}

TEST_CASE("validate and explain need no scheduler") {
  TestEnvironment test;
  const std::string good = test.Write("good.yaml", kJob);
  const std::string bad = test.Write("bad.yaml", "name: a\nmodel: {kind: counting}\n");
  CHECK(Run(test, {"validate", good}) == 0);
  CHECK(test.out.str() == good + ": valid\n");
  CHECK(Run(test, {"validate", bad}) == 2);
  CHECK(absl::StrContains(test.err.str(), bad + ": train.iterations: a number of iterations"));
  test.out.str("");
  CHECK(Run(test, {"validate", bad, "-o", "json"}) == 2);
  const auto json = nlohmann::json::parse(test.out.str());
  CHECK(json["valid"] == false);
  CHECK(json["problems"][0]["path"] == "train.iterations");
  test.out.str("");
  CHECK(Run(test, {"explain", "train.seed"}) == 0);
  CHECK(absl::StartsWith(test.out.str(), "train.seed: a whole number"));
  CHECK(Run(test, {"explain", "train.sed"}) == 2);
  CHECK(absl::StrContains(test.err.str(), "did you mean `seed`?"));
  CHECK(Run(test, {"version"}) == 0);
  CHECK(Run(test, {"--version"}) == 0);
}

TEST_CASE("what cannot be written to standard output fails a command") {
  TestEnvironment test;
  CHECK(Run(test, {"explain", "model"}) == 0);
  test.out.setstate(std::ios::badbit);
  CHECK(Run(test, {"explain", "model"}) == 1);
  CHECK(absl::StrContains(test.err.str(), "standard output: it cannot be written"));
}

}  // namespace
}  // namespace paceline::cli
