// Logging: one line, one event, with named fields, to stderr.
//
//   LogInfo("worker lost", {{"job", job_id}, {"rank", 3}, {"cause", "SIGKILL"}});
//
// text: ts=2024-05-01T12:00:00.000Z level=info role=scheduler msg="worker lost" job=7 rank=3
// cause=SIGKILL json:
// {"ts":"2024-05-01T12:00:00.000Z","level":"info","role":"scheduler","msg":"worker
// lost","job":7,...}
//
// An event is a constant phrase; what varies goes into fields. Never log secrets.
//
// Thread-safe, except InitLogging.
#ifndef PACELINE_COMMON_LOG_H_
#define PACELINE_COMMON_LOG_H_

#include <charconv>
#include <concepts>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace paceline {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  // Printed with every line unless empty.
  std::string role;
};

// To be called once, early in main. Before it, lines are text at level info.
void InitLogging(const LogOptions& options);

// "debug" | "info" | "warning" | "error"; "text" | "json".
// Errors: InvalidArgument  any other name.
absl::StatusOr<LogLevel> ParseLogLevel(absl::string_view name);
absl::StatusOr<LogFormat> ParseLogFormat(absl::string_view name);

// One `name=value`. Names are constants made of letters, digits and underscores.
class LogField {
 public:
  LogField(absl::string_view name, absl::string_view value)
      : name_(name), value_(value), quoted_(true) {}
  LogField(absl::string_view name, const char* value) : LogField(name, absl::string_view(value)) {}
  LogField(absl::string_view name, const std::string& value)
      : LogField(name, absl::string_view(value)) {}
  LogField(absl::string_view name, bool value) : name_(name), value_(value ? "true" : "false") {}
  LogField(absl::string_view name, absl::Duration value)
      : LogField(name, absl::FormatDuration(value)) {}
  LogField(absl::string_view name, const absl::Status& value) : LogField(name, value.ToString()) {}
  template <typename T>
  requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>)
      LogField(absl::string_view name, T value)
      : name_(name) {
    char text[64];
    value_.assign(text, std::to_chars(text, text + sizeof(text), value).ptr);
    // JSON has no nan or inf.
    if constexpr (std::floating_point<T>) quoted_ = !(value - value == T{0});
  }

  absl::string_view name() const { return name_; }
  absl::string_view value() const { return value_; }
  // A string, as opposed to a number or a truth value.
  bool quoted() const { return quoted_; }

 private:
  absl::string_view name_;
  std::string value_;
  bool quoted_ = false;
};

using LogFields = std::initializer_list<LogField>;

bool LogEnabled(LogLevel level);
void Log(LogLevel level, absl::string_view event, LogFields fields = {});

inline void LogDebug(absl::string_view event, LogFields fields = {}) {
  Log(LogLevel::kDebug, event, fields);
}
inline void LogInfo(absl::string_view event, LogFields fields = {}) {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarning(absl::string_view event, LogFields fields = {}) {
  Log(LogLevel::kWarning, event, fields);
}
inline void LogError(absl::string_view event, LogFields fields = {}) {
  Log(LogLevel::kError, event, fields);
}

// The part of a line after time, level and role.
std::string FormatLogLine(LogFormat format, absl::string_view event, LogFields fields);

}  // namespace paceline

#endif  // PACELINE_COMMON_LOG_H_
