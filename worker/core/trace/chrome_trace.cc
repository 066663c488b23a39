#include "worker/core/trace/chrome_trace.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace paceline::worker {
namespace {

using Json = nlohmann::ordered_json;

// From top to bottom as an iteration passes through them.
struct Track {
  TraceTrack track;
  const char* name;
};
constexpr Track kTracks[] = {
    {TraceTrack::kReader, "read"},     {TraceTrack::kCopyIn, "copy to the device"},
    {TraceTrack::kCompute, "compute"}, {TraceTrack::kCopyOut, "copy from the device"},
    {TraceTrack::kPush, "push"},       {TraceTrack::kPull, "pull"},
    {TraceTrack::kWait, "wait"},
};

int ThreadOf(TraceTrack track) {
  int thread = 1;
  for (const Track& each : kTracks) {
    if (each.track == track) break;
    ++thread;
  }
  return thread;
}

std::string Text(const Json& event) {
  return event.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

// Tells viewers about the rank or one of its tracks. Thread 0: the rank.
Json About(uint32_t rank, int thread, const char* what, Json args) {
  return {{"ph", "M"}, {"name", what}, {"pid", rank}, {"tid", thread}, {"args", std::move(args)}};
}

// Clocks count nanoseconds.
double Microseconds(absl::Duration time) {
  return static_cast<double>(absl::ToInt64Nanoseconds(time)) / 1000;
}

}  // namespace

std::string ChromeTraceBegin(const TracedRank& rank) {
  std::string text = "[\n";
  const auto add = [&](int thread, const char* what, Json args) {
    absl::StrAppend(&text, Text(About(rank.rank, thread, what, std::move(args))), ",\n");
  };
  add(0, "process_name",
      {{"name",
        absl::StrCat("rank ", rank.rank, " of job ", rank.job_id, " (", rank.job_name, ")")}});
  add(0, "process_sort_index", {{"sort_index", rank.rank}});
  for (const Track& track : kTracks) {
    const int thread = ThreadOf(track.track);
    add(thread, "thread_name", {{"name", track.name}});
    add(thread, "thread_sort_index", {{"sort_index", thread}});
  }
  return text;
}

std::string ChromeTraceSpan(uint32_t rank, const TraceSpan& span) {
  Json event = {{"ph", "X"},
                {"name", std::string(span.name)},
                {"pid", rank},
                {"tid", ThreadOf(span.track)},
                {"ts", Microseconds(span.begin)},
                {"dur", Microseconds(span.end - span.begin)},
                {"args", {{"iteration", span.iteration}}}};
  if (span.bytes > 0) event["args"]["bytes"] = span.bytes;
  return absl::StrCat(Text(event), ",\n");
}

std::string ChromeTraceEnd(uint32_t rank, const TraceEnd& end) {
  std::string text;
  if (end.dropped > 0) {
    // Shown beside the name of the rank.
    absl::StrAppend(&text,
                    Text(About(rank, 0, "process_labels",
                               {{"labels", absl::StrCat(end.dropped, " spans were dropped")}})),
                    ",\n");
  }
  absl::StrAppend(
      &text, Text(About(rank, 0, "trace_end", {{"spans", end.spans}, {"dropped", end.dropped}})),
      "\n]\n");
  return text;
}

}  // namespace paceline::worker
