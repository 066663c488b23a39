#include "common/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/spdlog_level.h"

namespace paceline {
namespace {

std::atomic<LogFormat> current_format{LogFormat::kText};

// The same escapes serve both formats: a line never breaks, quotes never close.
void AppendQuoted(std::string* out, absl::string_view text) {
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char escaped[8];
          std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(c));
          out->append(escaped);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

bool NeedsQuotes(absl::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

std::shared_ptr<spdlog::logger> MakeLogger(const LogOptions& options) {
  auto logger = std::make_shared<spdlog::logger>("paceline",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const std::string role = absl::StrReplaceAll(options.role, {{"%", "%%"}});
  std::string pattern;
  if (options.format == LogFormat::kJson) {
    std::string quoted_role;
    AppendQuoted(&quoted_role, role);
    pattern = absl::StrCat(R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",)",
                           role.empty() ? "" : absl::StrCat("\"role\":", quoted_role, ","), "%v}");
  } else {
    pattern = absl::StrCat("ts=%Y-%m-%dT%H:%M:%S.%eZ level=%l ",
                           role.empty() ? "" : absl::StrCat("role=", role, " "), "%v");
  }
  logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
  logger->set_level(ToSpdlog(options.level));
  logger->flush_on(spdlog::level::debug);
  // So that others find it: log_level.cc.
  spdlog::set_default_logger(logger);
  return logger;
}

std::shared_ptr<spdlog::logger>& Logger() {
  // Never destroyed: threads may log while the process exits.
  static auto& logger = *new std::shared_ptr<spdlog::logger>(MakeLogger(LogOptions()));
  return logger;
}

}  // namespace

void InitLogging(const LogOptions& options) {
  current_format = options.format;
  Logger() = MakeLogger(options);
}

absl::StatusOr<LogLevel> ParseLogLevel(absl::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return absl::InvalidArgumentError(
      absl::StrCat("log level: debug, info, warning or error expected, got \"", name, "\""));
}

absl::StatusOr<LogFormat> ParseLogFormat(absl::string_view name) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return absl::InvalidArgumentError(
      absl::StrCat("log format: text or json expected, got \"", name, "\""));
}

bool LogEnabled(LogLevel level) { return Logger()->should_log(ToSpdlog(level)); }

void Log(LogLevel level, absl::string_view event, LogFields fields) {
  if (!LogEnabled(level)) return;
  const std::string line = FormatLogLine(current_format, event, fields);
  Logger()->log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

std::string FormatLogLine(LogFormat format, absl::string_view event, LogFields fields) {
  std::string line;
  if (format == LogFormat::kJson) {
    line = "\"msg\":";
    AppendQuoted(&line, event);
    for (const LogField& field : fields) {
      absl::StrAppend(&line, ",\"", field.name(), "\":");
      if (field.quoted()) {
        AppendQuoted(&line, field.value());
      } else {
        absl::StrAppend(&line, field.value());
      }
    }
    return line;
  }
  line = "msg=";
  AppendQuoted(&line, event);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.name(), "=");
    if (field.quoted() && NeedsQuotes(field.value())) {
      AppendQuoted(&line, field.value());
    } else {
      absl::StrAppend(&line, field.value());
    }
  }
  return line;
}

}  // namespace paceline
