// The files of the dashboard, which the program has in itself.
//
// Thread-safe: a function without state.
#ifndef PACELINE_SCHEDULER_IO_DASHBOARD_FILES_H_
#define PACELINE_SCHEDULER_IO_DASHBOARD_FILES_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace paceline::scheduler {

// "app.js" -> what is in it; nothing: there is no such file. Valid for ever.
std::optional<absl::string_view> DashboardFile(absl::string_view name);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_DASHBOARD_FILES_H_
