#include "worker/worker_flags.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/failpoint/test_faults.h"
#include "common/status/status_matchers.h"
#include "worker/core/node/device_flag.h"
#include "worker/task_flags.h"

namespace paceline::worker {
namespace {

absl::StatusOr<Worker::Options> ParseWorker(std::vector<std::string> arguments) {
  CLI::App app;
  DaemonFlagParser parser(&app, {.role = "worker", .port = 7072, .http_port = 8072});
  WorkerFlags flags;
  AddWorkerFlags(&app, &flags);
  std::vector<const char*> argv = {"paceline-worker"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  REQUIRE_FALSE(ParseCommandLine(&app, static_cast<int>(argv.size()), argv.data()).has_value());
  REQUIRE_OK_AND_ASSIGN(const DaemonFlags daemon, parser.Validate());
  return ToWorkerOptions(daemon, flags);
}

TEST_CASE("A worker's flags") {
  REQUIRE_OK_AND_ASSIGN(const Worker::Options plain, ParseWorker({}));
  CHECK(plain.scheduler == "127.0.0.1:7070");
  CHECK(plain.listen.port == 7072);
  CHECK(plain.http_listen->port == 8072);
  CHECK_FALSE(plain.slots.has_value());
  CHECK(plain.device == DeviceFlag());
  CHECK(plain.trace.empty());
  REQUIRE_OK_AND_ASSIGN(
      const Worker::Options given,
      ParseWorker({"--scheduler=s:1", "--slots=4", "--device=emulated", "--data-dir=/d",
                   "--log-format=json", "--log-level=debug", "--park-after-seconds=9",
                   "--http-listen=none", "--tcp-congestion=system", "--shared-memory=off",
                   "--trace=/t/t.json"}));
  CHECK(given.scheduler == "s:1");
  CHECK(given.slots == 4u);
  CHECK(given.device.kind == v1::DEVICE_KIND_EMULATED);
  CHECK(given.data_dir == "/d");
  CHECK(given.trace == "/t/t.json");
  CHECK_FALSE(given.http_listen.has_value());
  CHECK(given.task_arguments ==
        std::vector<std::string>{"--log-format=json", "--tcp-congestion=system",
                                 "--shared-memory=false", "--park-after-seconds=9"});
  REQUIRE_OK_AND_ASSIGN(const Worker::Options faulty,
                        ParseWorker({"--test-faults=task.push.send=kill@3,rpc.Push=duplicate:5"}));
  CHECK(faulty.rpc_faults.methods.at("Push").duplicate == 5);
  CHECK(faulty.task_arguments.back() == "--test-faults=task.push.send=kill@3,rpc.Push=duplicate:5");
  CHECK_STATUS(
      ParseWorker({"--device=abacus"}).status(), absl::StatusCode::kInvalidArgument,
      "--device: auto, cpu, cuda, cuda:N (a GPU's number) or emulated expected, got abacus");
  REQUIRE_OK_AND_ASSIGN(const Worker::Options models, ParseWorker({"--model-dir=/tmp"}));
  CHECK(models.task_arguments.back() == "--model-dir=/tmp");
  REQUIRE_OK_AND_ASSIGN(const Worker::Options one, ParseWorker({"--device=cuda:3"}));
  CHECK(one.device == DeviceFlag{.kind = v1::DEVICE_KIND_CUDA, .gpu = 3});
}

TEST_CASE("A task understands what its worker says") {
  CLI::App app;
  TaskFlags flags;
  AddTaskFlags(&app, &flags);
  const char* argv[] = {"task",
                        "--job=7",
                        "--rank=3",
                        "--incarnation=2",
                        "--scheduler=s:1",
                        "--index-dir=/i",
                        "--model-dir=/m",
                        "--trace=/t/t.json",
                        "--device=cuda:1",
                        "--device-reason=auto, and it was there",
                        "--log-level=error",
                        "--log-format=json",
                        "--park-after-seconds=9",
                        "--test-faults=task.push.send=kill@3"};
  REQUIRE_FALSE(ParseCommandLine(&app, std::size(argv), argv).has_value());
  REQUIRE_OK_AND_ASSIGN(const TaskOptions options, ToTaskOptions(flags));
  CHECK(options.job_id == 7);
  CHECK(options.rank == 3);
  CHECK(options.incarnation == 2);
  CHECK(options.index_dir == "/i");
  CHECK(options.model_dir == "/m");
  CHECK(options.trace == "/t/t.json");
  CHECK(options.device == DeviceFlag{.kind = v1::DEVICE_KIND_CUDA, .gpu = 1});
  CHECK(options.device_reason == "auto, and it was there");
  CHECK(options.park_after == absl::Seconds(9));
  REQUIRE_OK_AND_ASSIGN(const LogOptions log, LogOptionsOf(flags));
  CHECK(log.level == LogLevel::kError);
  CHECK(log.format == LogFormat::kJson);
  REQUIRE_OK_AND_ASSIGN(const TestFaults faults, ParseTestFaults(flags.test_faults));
  CHECK(faults.failpoints.size() == 1);
  flags.test_faults = "task.push.sent=kill";
  CHECK_STATUS(ToTaskOptions(flags).status(), absl::StatusCode::kInvalidArgument,
               "did you mean task.push.send?");
  flags.test_faults = "";
  flags.log_level = "loud";
  CHECK_STATUS(ToTaskOptions(flags).status(), absl::StatusCode::kInvalidArgument, "loud");
}

}  // namespace
}  // namespace paceline::worker
