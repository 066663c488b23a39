#include "tests/bench/suite.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "common/check.h"
#include "tests/bench/machine.h"

namespace paceline::bench {
namespace {

struct Figure {
  const char* name;
  const char* format;
  double (*of)(const RunTotals& totals);
};

// Median over the runs of each.
constexpr Figure kFigures[] = {
    {"GB/s", "%10.2f", [](const RunTotals& t) { return t.gigabytes_per_second(); }},
    {"steps/s", "%10.0f", [](const RunTotals& t) { return t.steps_per_second(); }},
    {"p50 us", "%10.0f", [](const RunTotals& t) { return t.Percentile(0.5); }},
    {"p99 us", "%10.0f", [](const RunTotals& t) { return t.Percentile(0.99); }},
    {"CPU s/GB", "%10.3f", [](const RunTotals& t) { return t.cpu_seconds_per_gigabyte(); }},
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

void RunSuite(const std::vector<Case>& cases, const SuiteOptions& options) {
  std::vector<const Case*> chosen;
  for (const Case& one : cases) {
    if (absl::StrContains(one.name, options.only)) chosen.push_back(&one);
  }
  std::ofstream json;
  if (!options.json.empty()) {
    json.open(options.json, std::ios::app);
    PL_CHECK(json.is_open()) << options.json;
  }
  std::vector<std::vector<RunTotals>> runs(chosen.size());
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    for (size_t i = 0; i < chosen.size(); ++i) {
      runs[i].push_back(chosen[i]->run());
      if (!json.is_open()) continue;
      nlohmann::json line = {{"machine", DescribeMachine()}, {"case", chosen[i]->name}};
      for (const Figure& figure : kFigures) line[figure.name] = figure.of(runs[i].back());
      json << line.dump() << std::endl;
    }
  }
  std::printf("%s, median of %d\n%-44s", DescribeMachine().c_str(), options.repeats, "");
  for (const Figure& figure : kFigures) std::printf("%10s", figure.name);
  std::printf("   GB/s of each run\n");
  for (size_t i = 0; i < chosen.size(); ++i) {
    std::printf("%-44s", chosen[i]->name.c_str());
    for (const Figure& figure : kFigures) {
      std::vector<double> values;
      for (const RunTotals& run : runs[i]) values.push_back(figure.of(run));
      std::printf(figure.format, Median(std::move(values)));
    }
    std::printf("  ");
    for (const RunTotals& run : runs[i]) std::printf(" %.2f", run.gigabytes_per_second());
    std::printf("\n");
  }
  std::fflush(stdout);
}

}  // namespace paceline::bench
