#include "worker/io/node/debug_tasks.h"

#include <nlohmann/json.hpp>

namespace paceline::worker {

std::string DebugTasksJson(const std::vector<TaskSupervisor::Task>& tasks) {
  nlohmann::json list = nlohmann::json::array();
  for (const TaskSupervisor::Task& task : tasks) {
    const v1::TaskReport& report = task.report;
    nlohmann::json entry = {
        {"job", report.job_id()},
        {"rank", report.rank()},
        {"incarnation", report.incarnation()},
        {"state", report.state() == v1::TaskReport::EXITED ? "exited" : "running"},
        {"pid", report.pid()},
        {"uptime_seconds", absl::ToDoubleSeconds(task.uptime)},
        {"cpu_user_seconds", report.cpu_user_seconds()},
        {"cpu_system_seconds", report.cpu_system_seconds()},
        {"resident_bytes", report.resident_bytes()}};
    if (report.has_gpu()) entry["gpu"] = report.gpu();
    if (report.has_exit()) {
      entry["exit"] = {
          {"cause", report.exit().cause()},
          {"exit_code", report.exit().exit_code()},
          {"signal", report.exit().signal()},
          {"last_log_lines", std::vector<std::string>(report.exit().last_log_lines().begin(),
                                                      report.exit().last_log_lines().end())}};
    }
    list.push_back(std::move(entry));
  }
  // Lines of a log may hold anything.
  return nlohmann::json{{"tasks", std::move(list)}}.dump(2, ' ', false,
                                                         nlohmann::json::error_handler_t::replace);
}

}  // namespace paceline::worker
