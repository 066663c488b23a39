#include "cli/local/chaos_events.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace paceline::cli {
namespace {

struct Word {
  ChaosAction action;
  const char* text;
};

constexpr Word kWords[] = {
    {ChaosAction::kKillWorker, "kill-worker"}, {ChaosAction::kKillServer, "kill-server"},
    {ChaosAction::kKillTask, "kill-task"},     {ChaosAction::kKillScheduler, "kill-scheduler"},
    {ChaosAction::kStopWorker, "stop-worker"},
};

bool ParseEvent(absl::string_view text, ChaosEvent* event) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('@', 1));
  for (const Word& word : kWords) {
    if (parts.first == word.text) {
      event->action = word.action;
      return absl::SimpleAtoi(parts.second, &event->iteration);
    }
  }
  return false;
}

}  // namespace

std::string ToString(const ChaosEvent& event) {
  const Word* word = std::find_if(std::begin(kWords), std::end(kWords),
                                  [&](const Word& w) { return w.action == event.action; });
  return absl::StrCat(word->text, "@", event.iteration);
}

absl::StatusOr<std::vector<ChaosEvent>> ParseChaosEvents(absl::string_view text) {
  std::vector<ChaosEvent> events;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    if (!ParseEvent(part, &events.emplace_back())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "kill-worker@N, kill-server@N, kill-task@N, kill-scheduler@N or stop-worker@N, N a "
          "number of iterations, expected between commas, got \"",
          part, "\""));
    }
  }
  return events;
}

ChaosTrigger::ChaosTrigger(std::vector<ChaosEvent> events) : pending_(std::move(events)) {
  std::stable_sort(pending_.begin(), pending_.end(), [](const ChaosEvent& a, const ChaosEvent& b) {
    return a.iteration < b.iteration;
  });
}

std::vector<ChaosEvent> ChaosTrigger::Due(uint64_t iterations) {
  const auto end = std::find_if(pending_.begin(), pending_.end(), [&](const ChaosEvent& event) {
    return event.iteration > iterations;
  });
  std::vector<ChaosEvent> due(pending_.begin(), end);
  pending_.erase(pending_.begin(), end);
  return due;
}

}  // namespace paceline::cli
