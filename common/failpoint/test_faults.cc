#include "common/failpoint/test_faults.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/log.h"
#include "common/spec/nearest.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

using Action = FailpointRule::Action;

constexpr absl::string_view kActions = "kill, error(CODE), delay(20ms) or hang";
constexpr absl::string_view kFaults = "lose_request, lose_reply, duplicate or delay(20ms)";
constexpr uint32_t kAll = 1000;

const std::vector<std::string>& Methods() {
  static const auto* const methods = new std::vector<std::string>{
      "Push", "Pull", "OpenRank", "Pin", "Unpin", "SyncTask", "Heartbeat"};
  return *methods;
}

absl::Status Expected(absl::string_view what, absl::string_view got) {
  return absl::InvalidArgumentError(absl::StrCat(what, " expected, got \"", got, "\""));
}

absl::Status Unknown(absl::string_view what, absl::string_view name,
                     const std::vector<std::string>& known) {
  const std::string nearest = Nearest(name, known);
  return absl::InvalidArgumentError(
      absl::StrCat("unknown ", what, " \"", name, "\"",
                   nearest.empty() ? "" : absl::StrCat(": did you mean ", nearest, "?")));
}

// "delay(20ms)" -> "delay", "20ms".
struct Word {
  absl::string_view name;
  absl::string_view argument;
};

Word ParseWord(absl::string_view text) {
  const size_t open = text.find('(');
  if (open == absl::string_view::npos || !absl::ConsumeSuffix(&text, ")")) return {text, ""};
  return {text.substr(0, open), text.substr(open + 1)};
}

absl::StatusOr<uint64_t> ParseNumber(absl::string_view what, absl::string_view text) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) return Expected(what, text);
  return number;
}

absl::StatusOr<absl::Duration> ParseDelay(absl::string_view text) {
  absl::Duration delay;
  if (!absl::ParseDuration(text, &delay) || delay <= absl::ZeroDuration()) {
    return Expected("delay: a time like 20ms or 1.5s", text);
  }
  return delay;
}

absl::StatusOr<absl::StatusCode> ParseCode(absl::string_view name) {
  for (int i = 1; i <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    if (absl::StatusCodeToString(code) == name) return code;
  }
  return Expected("error: a code like UNAVAILABLE", name);
}

absl::StatusOr<size_t> ParseFailpoint(absl::string_view name) {
  std::vector<std::string> known;
  for (const FailpointDeclaration& declaration : kFailpoints) {
    if (std::string(declaration.name) == name) return known.size();
    known.emplace_back(declaration.name);
  }
  return Unknown("failpoint", name, known);
}

// "3", "3+"
absl::Status ParseHits(absl::string_view text, FailpointRule* rule) {
  const bool onwards = absl::ConsumeSuffix(&text, "+");
  PL_ASSIGN_OR_RETURN(rule->first, ParseNumber("@: the number of a hit", text));
  if (rule->first == 0) return Expected("@: a hit, counted from 1,", text);
  if (!onwards) rule->last = rule->first;
  return absl::OkStatus();
}

absl::StatusOr<FailpointRule> ParseRule(absl::string_view name, absl::string_view value) {
  FailpointRule rule;
  PL_ASSIGN_OR_RETURN(rule.failpoint, ParseFailpoint(name));
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(value, absl::MaxSplits('@', 1));
  if (value.find('@') != absl::string_view::npos) {
    PL_RETURN_IF_ERROR(ParseHits(parts.second, &rule));
  }
  const Word word = ParseWord(parts.first);
  if (parts.first == "kill") {
    rule.action = Action::kKill;
  } else if (parts.first == "hang") {
    rule.action = Action::kHang;
  } else if (word.name == "delay") {
    rule.action = Action::kDelay;
    PL_ASSIGN_OR_RETURN(rule.delay, ParseDelay(word.argument));
  } else if (word.name == "error") {
    rule.action = Action::kError;
    PL_ASSIGN_OR_RETURN(rule.code, ParseCode(word.argument));
    if (!kFailpoints[rule.failpoint].can_fail) {
      return absl::InvalidArgumentError(
          "the step is done here and cannot fail any more: kill, delay(20ms) or hang expected");
    }
  } else {
    return Expected(kActions, parts.first);
  }
  return rule;
}

absl::StatusOr<RpcFaultRates> ParseRates(absl::string_view value) {
  RpcFaultRates rates;
  for (const absl::string_view part : absl::StrSplit(value, '+')) {
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(part, absl::MaxSplits(':', 1));
    const Word word = ParseWord(halves.first);
    PL_ASSIGN_OR_RETURN(const uint64_t rate,
                        ParseNumber("fault:calls of 1000, 0 to 1000,", halves.second));
    if (rate > kAll) return Expected("fault:calls of 1000, 0 to 1000,", halves.second);
    if (halves.first == "lose_request") {
      rates.lose_request = static_cast<uint32_t>(rate);
    } else if (halves.first == "lose_reply") {
      rates.lose_reply = static_cast<uint32_t>(rate);
    } else if (halves.first == "duplicate") {
      rates.duplicate = static_cast<uint32_t>(rate);
    } else if (word.name == "delay") {
      rates.delay = static_cast<uint32_t>(rate);
      PL_ASSIGN_OR_RETURN(rates.delay_by, ParseDelay(word.argument));
    } else {
      return Expected(kFaults, halves.first);
    }
  }
  return rates;
}

absl::Status ParseItem(absl::string_view item, TestFaults* faults) {
  if (item.find('=') == absl::string_view::npos) return Expected("name=value", item);
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(item, absl::MaxSplits('=', 1));
  absl::string_view name = parts.first;
  if (name == "seed") {
    PL_ASSIGN_OR_RETURN(faults->rpc.seed, ParseNumber("seed: a number", parts.second));
    return absl::OkStatus();
  }
  if (absl::ConsumePrefix(&name, "rpc.")) {
    const bool known = name == "*" || absl::c_linear_search(Methods(), name);
    if (!known) return Unknown("method", name, Methods());
    PL_ASSIGN_OR_RETURN(faults->rpc.methods[std::string(name)], ParseRates(parts.second));
    return absl::OkStatus();
  }
  PL_ASSIGN_OR_RETURN(FailpointRule rule, ParseRule(name, parts.second));
  faults->failpoints.push_back(rule);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TestFaults> ParseTestFaults(absl::string_view text) {
  TestFaults faults;
  faults.text = std::string(text);
  if (text.empty()) return faults;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const absl::string_view item = absl::StripAsciiWhitespace(part);
    const absl::Status parsed = ParseItem(item, &faults);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--test-faults: ", item, ": ", parsed.message()));
    }
  }
  return faults;
}

void EnableTestFaults(const TestFaults& faults) {
  if (faults.text.empty()) return;
  LogWarning("FAULTS ARE INJECTED INTO THIS PROCESS: for tests only",
             {{"test_faults", faults.text}});
  ArmFailpoints(faults.failpoints);
}

}  // namespace paceline
