#include "common/process/process_usage.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

// user 250 ticks, system 50, started at tick 4200, 16 pages.
constexpr char kNumbers[] =
    " S 1 1 1 0 -1 4194560 1 0 0 0 250 50 7 8 20 0 3 0 4200 1000000 16 18446744073709551615 1 1";

TEST_CASE("a stat of a process is read whatever the process calls itself") {
  const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  for (const char* name :
       {"paceline-worker", "a b", "a) S 9 9 (b", "((", "))", ") R 1 2 3 4", ""}) {
    CAPTURE(name);
    REQUIRE_OK_AND_ASSIGN(const ProcessUsage usage,
                          ParseProcessStat(absl::StrCat("77 (", name, ")", kNumbers, "\n")));
    CHECK(absl::ToDoubleSeconds(usage.cpu_user) == Approx(250 * tick));
    CHECK(absl::ToDoubleSeconds(usage.cpu_system) == Approx(50 * tick));
    CHECK(absl::ToDoubleSeconds(usage.started) == Approx(4200 * tick));
    CHECK(usage.resident_bytes == 16 * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  }
}

TEST_CASE("what is not a stat of a process is an error that shows it") {
  REQUIRE_STATUS(ParseProcessStat(""), absl::StatusCode::kInvalidArgument, "no name");
  REQUIRE_STATUS(ParseProcessStat("77 paceline S 1"), absl::StatusCode::kInvalidArgument,
                 "77 paceline S 1");
  REQUIRE_STATUS(ParseProcessStat("77 (a) S 1 2 3"), absl::StatusCode::kInvalidArgument,
                 "numbers expected");
  std::string letters = absl::StrCat("77 (a)", kNumbers);
  letters.replace(letters.find("250"), 3, "2x0");
  REQUIRE_STATUS(ParseProcessStat(letters), absl::StatusCode::kInvalidArgument, "2x0");
}

TEST_CASE("a folder like /proc") {
  std::string proc = (std::filesystem::temp_directory_path() / "proc.XXXXXX").string();
  REQUIRE(mkdtemp(proc.data()) != nullptr);
  std::filesystem::create_directories(proc + "/77/fd");
  std::ofstream(proc + "/77/stat") << "77 (some) one)" << kNumbers;
  std::ofstream(proc + "/stat") << "cpu 1 2 3\nbtime 1700000000\nprocesses 9\n";
  for (const char* file : {"0", "1", "2"}) std::ofstream(proc + "/77/fd/" + file) << "";
  REQUIRE_OK_AND_ASSIGN(const ProcessUsage usage, ReadProcessUsage(proc, "77"));
  CHECK(usage.resident_bytes > 0);
  REQUIRE_OK_AND_ASSIGN(const absl::Time boot, ReadBootTime(proc));
  CHECK(boot == absl::FromUnixSeconds(1700000000));
  REQUIRE_OK_AND_ASSIGN(const uint64_t files, CountOpenFiles(proc, "77"));
  CHECK(files == 3);

  REQUIRE_STATUS(ReadProcessUsage(proc, "78"), absl::StatusCode::kNotFound, "78");
  REQUIRE_STATUS(CountOpenFiles(proc, "78"), absl::StatusCode::kNotFound, "78");
  std::ofstream(proc + "/stat") << "cpu 1 2 3\n";
  REQUIRE_STATUS(ReadBootTime(proc), absl::StatusCode::kInvalidArgument, "btime");
  std::filesystem::remove_all(proc);
}

TEST_CASE("this process has memory, files and a start behind it") {
  REQUIRE_OK_AND_ASSIGN(const ProcessUsage usage, ReadProcessUsage("/proc", "self"));
  CHECK(usage.resident_bytes > 100'000);
  REQUIRE_OK_AND_ASSIGN(const uint64_t files, CountOpenFiles("/proc", "self"));
  CHECK(files >= 3);
  REQUIRE_OK_AND_ASSIGN(const absl::Time boot, ReadBootTime("/proc"));
  CHECK(boot + usage.started <= absl::Now() + absl::Seconds(2));
}

}  // namespace
}  // namespace paceline
