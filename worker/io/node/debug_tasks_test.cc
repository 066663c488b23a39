#include "worker/io/node/debug_tasks.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace paceline::worker {
namespace {

TEST_CASE("tasks as a page") {
  CHECK(nlohmann::json::parse(DebugTasksJson({})) == nlohmann::json::parse(R"({"tasks":[]})"));

  TaskSupervisor::Task running;
  running.report.set_job_id(3);
  running.report.set_rank(1);
  running.report.set_incarnation(2);
  running.report.set_state(v1::TaskReport::RUNNING);
  running.report.set_pid(812);
  running.report.set_gpu(0);
  running.report.set_cpu_user_seconds(8.5);
  running.report.set_resident_bytes(4096);
  running.uptime = absl::Seconds(9.5);
  TaskSupervisor::Task ended = running;
  ended.report.clear_gpu();
  ended.report.set_state(v1::TaskReport::EXITED);
  ended.report.mutable_exit()->set_cause("killed by signal 9 (SIGKILL)");
  ended.report.mutable_exit()->set_signal(9);
  ended.report.mutable_exit()->add_last_log_lines("not \xff UTF-8");

  const nlohmann::json page = nlohmann::json::parse(DebugTasksJson({running, ended}));
  CHECK(page["tasks"][0] == nlohmann::json::parse(R"({
      "job": 3, "rank": 1, "incarnation": 2, "state": "running", "pid": 812, "gpu": 0,
      "uptime_seconds": 9.5, "cpu_user_seconds": 8.5, "cpu_system_seconds": 0.0,
      "resident_bytes": 4096})"));
  const nlohmann::json& exit = page["tasks"][1]["exit"];
  CHECK(page["tasks"][1]["state"] == "exited");
  CHECK_FALSE(page["tasks"][1].contains("gpu"));
  CHECK(exit["cause"] == "killed by signal 9 (SIGKILL)");
  CHECK(exit["signal"] == 9);
  CHECK(exit["last_log_lines"].size() == 1);
}

}  // namespace
}  // namespace paceline::worker
