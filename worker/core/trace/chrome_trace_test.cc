#include "worker/core/trace/chrome_trace.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace paceline::worker {
namespace {

using nlohmann::json;

TraceSpan Span(TraceTrack track, absl::string_view name) {
  return {track, name, 7, absl::Microseconds(81) + absl::Nanoseconds(250), absl::Milliseconds(2)};
}

// What viewers read of an array that breaks off.
json ReadBroken(std::string text) {
  absl::string_view rest = absl::StripSuffix(text, "\n");
  rest = absl::StripSuffix(rest, ",");
  return json::parse(absl::StrCat(rest, "]"));
}

TEST_CASE("a span has its track, its times in microseconds and what it is about") {
  const std::string line = ChromeTraceSpan(3, Span(TraceTrack::kCompute, "forward"));
  REQUIRE(absl::EndsWith(line, "},\n"));
  const json event = json::parse(line.substr(0, line.size() - 2));
  CHECK(event["ph"] == "X");
  CHECK(event["name"] == "forward");
  CHECK(event["pid"] == 3);
  CHECK(event["ts"] == 81.25);
  CHECK(event["dur"] == 1918.75);
  CHECK(event["args"] == json({{"iteration", 7}}));

  TraceSpan push = Span(TraceTrack::kPush, "push");
  push.bytes = uint64_t{1} << 40;
  const std::string sent = ChromeTraceSpan(0, push);
  CHECK(json::parse(sent.substr(0, sent.size() - 2))["args"]["bytes"] == uint64_t{1} << 40);
}

TEST_CASE("nanoseconds survive a month without a reboot") {
  TraceSpan span = Span(TraceTrack::kCompute, "forward");
  span.begin = absl::Hours(24 * 30) + absl::Nanoseconds(123);
  span.end = span.begin + absl::Nanoseconds(1);
  const std::string line = ChromeTraceSpan(3, span);
  const json event = json::parse(line.substr(0, line.size() - 2));
  CHECK(event["ts"].get<double>() == 2592000000000.123);
  CHECK(event["dur"] == 0.001);
}

TEST_CASE("the beginning names the rank and every track") {
  const std::string text = ChromeTraceBegin({.job_id = 7, .job_name = "a \"b\"\n\xff", .rank = 3});
  const json events = ReadBroken(text);
  CHECK(events[0]["name"] == "process_name");
  CHECK(events[0]["args"]["name"] == "rank 3 of job 7 (a \"b\"\n\xEF\xBF\xBD)");
  std::set<int> threads;
  std::set<int> orders;
  for (const json& event : events) {
    CHECK(event["ph"] == "M");
    CHECK(event["pid"] == 3);
    if (event["name"] == "thread_name") threads.insert(event["tid"].get<int>());
    if (event["name"] == "thread_sort_index") orders.insert(event["args"]["sort_index"].get<int>());
  }
  CHECK(threads.size() == 7);
  CHECK(orders.size() == 7);
  // Each track of a span is one of them, and another one.
  std::set<int> used;
  for (const TraceTrack track :
       {TraceTrack::kReader, TraceTrack::kCompute, TraceTrack::kCopyIn, TraceTrack::kCopyOut,
        TraceTrack::kPush, TraceTrack::kPull, TraceTrack::kWait}) {
    const std::string line = ChromeTraceSpan(3, Span(track, "x"));
    used.insert(json::parse(line.substr(0, line.size() - 2))["tid"].get<int>());
  }
  CHECK(used == threads);
}

TEST_CASE("it is JSON with its end, and can be read without") {
  std::string text = ChromeTraceBegin({.job_id = 1, .job_name = "j", .rank = 0});
  const size_t names = ReadBroken(text).size();
  for (size_t i = 1; i <= 3; ++i) {
    absl::StrAppend(&text, ChromeTraceSpan(0, Span(TraceTrack::kReader, "read")));
    CHECK(ReadBroken(text).size() == names + i);
  }
  const json whole = json::parse(text + ChromeTraceEnd(0, {.spans = 3, .dropped = 0}));
  REQUIRE(whole.size() == names + 4);
  CHECK(whole.back()["name"] == "trace_end");
  CHECK(whole.back()["args"] == json({{"spans", 3}, {"dropped", 0}}));

  const json dropped = json::parse(text + ChromeTraceEnd(0, {.spans = 3, .dropped = 12}));
  REQUIRE(dropped.size() == names + 5);
  CHECK(dropped[names + 3]["name"] == "process_labels");
  CHECK(dropped[names + 3]["args"]["labels"] == "12 spans were dropped");
  CHECK(dropped.back()["args"]["dropped"] == 12);
}

TEST_CASE("one event a line") {
  const std::string text =
      absl::StrCat(ChromeTraceBegin({.job_id = 1, .job_name = "a\nb", .rank = 0}),
                   ChromeTraceSpan(0, Span(TraceTrack::kReader, "read")),
                   ChromeTraceEnd(0, {.spans = 1, .dropped = 1}));
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  REQUIRE(lines.size() > 5);
  CHECK(lines.front() == "[");
  CHECK(lines.back().empty());
  CHECK(lines[lines.size() - 2] == "]");
  for (size_t i = 1; i + 2 < lines.size(); ++i) {
    CHECK(json::accept(absl::StripSuffix(lines[i], ",")));
  }
}

}  // namespace
}  // namespace paceline::worker
