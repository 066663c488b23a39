#include "common/process/process_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

// Of fields behind the name, counted from 0: `man proc` counts them from 3.
constexpr size_t kUserTicks = 11;
constexpr size_t kSystemTicks = 12;
constexpr size_t kStartTicks = 19;
constexpr size_t kResidentPages = 21;

// Files of /proc have no size, and are not inherited by children that start meanwhile.
absl::StatusOr<std::string> ReadProcFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  std::string text;
  char piece[4096];
  ssize_t got;
  while ((got = read(fd, piece, sizeof(piece))) > 0) text.append(piece, static_cast<size_t>(got));
  const int error = errno;
  close(fd);
  // ESRCH: it ended between the two.
  if (got < 0 && error == ESRCH) return absl::NotFoundError(path);
  if (got < 0) return absl::ErrnoToStatus(error, path);
  return text;
}

absl::Duration Ticks(uint64_t ticks) {
  return absl::Seconds(static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace

absl::StatusOr<ProcessUsage> ParseProcessStat(absl::string_view stat) {
  const size_t name_end = stat.rfind(')');
  if (name_end == absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("stat of a process: no name in \"", stat, "\""));
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(stat.substr(name_end + 1), absl::ByAnyChar(" \n"), absl::SkipEmpty());
  uint64_t user = 0;
  uint64_t system = 0;
  uint64_t start = 0;
  uint64_t pages = 0;
  if (fields.size() <= kResidentPages || !absl::SimpleAtoi(fields[kUserTicks], &user) ||
      !absl::SimpleAtoi(fields[kSystemTicks], &system) ||
      !absl::SimpleAtoi(fields[kStartTicks], &start) ||
      !absl::SimpleAtoi(fields[kResidentPages], &pages)) {
    return absl::InvalidArgumentError(
        absl::StrCat("stat of a process: numbers expected, got \"", stat, "\""));
  }
  return ProcessUsage{.cpu_user = Ticks(user),
                      .cpu_system = Ticks(system),
                      .resident_bytes = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)),
                      .started = Ticks(start)};
}

absl::StatusOr<ProcessUsage> ReadProcessUsage(const std::string& proc, const std::string& process) {
  PL_ASSIGN_OR_RETURN(const std::string stat,
                      ReadProcFile(absl::StrCat(proc, "/", process, "/stat")));
  return ParseProcessStat(stat);
}

absl::StatusOr<absl::Time> ReadBootTime(const std::string& proc) {
  PL_ASSIGN_OR_RETURN(const std::string stat, ReadProcFile(absl::StrCat(proc, "/stat")));
  for (absl::string_view line : absl::StrSplit(stat, '\n')) {
    int64_t seconds = 0;
    if (absl::ConsumePrefix(&line, "btime ") && absl::SimpleAtoi(line, &seconds)) {
      return absl::FromUnixSeconds(seconds);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(proc, "/stat: no line btime"));
}

absl::StatusOr<uint64_t> CountOpenFiles(const std::string& proc, const std::string& process) {
  const std::string folder = absl::StrCat(proc, "/", process, "/fd");
  std::error_code error;
  std::filesystem::directory_iterator files(folder, error);
  uint64_t count = 0;
  for (; !error && files != std::filesystem::directory_iterator(); files.increment(error)) ++count;
  if (error) return absl::ErrnoToStatus(error.value(), folder);
  return count;
}

}  // namespace paceline
