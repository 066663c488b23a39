#include "tests/bench/kernels/figures.h"

#include <algorithm>
#include <cstdio>

#include "tests/bench/machine.h"

namespace paceline::bench {
namespace {

constexpr char kBytes[] = "GB/s";
constexpr char kKeys[] = "Mkeys/s";
constexpr char kTriad[] = "limit: triad";

}  // namespace

void Count(benchmark::State& state, uint64_t bytes, double keys) {
  const auto rate = [&](double count) {
    return benchmark::Counter(count * static_cast<double>(state.iterations()),
                              benchmark::Counter::kIsRate);
  };
  state.counters[kBytes] = rate(static_cast<double>(bytes) / 1e9);
  if (keys > 0) state.counters[kKeys] = rate(keys / 1e6);
}

bool FigureTable::ReportContext(const Context&) { return true; }

void FigureTable::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.error_occurred) {
      std::fprintf(stderr, "%s: %s\n", run.benchmark_name().c_str(), run.error_message.c_str());
      continue;
    }
    // The median, or the only run.
    if (run.repetitions > 1 ? run.aggregate_name != "median" : run.run_type != Run::RT_Iteration) {
      continue;
    }
    Row row = {.number = run.family_index, .name = run.run_name.function_name, .figures = {}};
    for (const auto& [name, counter] : run.counters) row.figures[name] = counter.value;
    rows_.push_back(std::move(row));
    repetitions_ = run.repetitions;
  }
}

void FigureTable::Finalize() {
  std::sort(rows_.begin(), rows_.end(),
            [](const Row& a, const Row& b) { return a.number < b.number; });
  double triad = 0;
  for (const Row& row : rows_) {
    if (row.name == kTriad) triad = row.figures.at(kBytes);
  }
  std::printf("%s, median of %d\n%-44s%10s%10s%10s\n", DescribeMachine().c_str(),
              static_cast<int>(repetitions_), "", kBytes, "x triad", kKeys);
  for (const Row& row : rows_) {
    const double rate = row.figures.at(kBytes);
    std::printf("%-44s%10.2f", row.name.c_str(), rate);
    if (triad > 0) {
      std::printf("%10.2f", rate / triad);
    } else {
      std::printf("%10s", "");
    }
    const auto keys = row.figures.find(kKeys);
    if (keys != row.figures.end()) std::printf("%10.1f", keys->second);
    std::printf("\n");
  }
  std::fflush(stdout);
}

}  // namespace paceline::bench
