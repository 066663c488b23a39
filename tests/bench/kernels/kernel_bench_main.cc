// The kernels of the server, of the codecs and of sparse tables, on one core: see
// ../README.md. Takes the options of Google Benchmark, and --quick.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "common/daemon/freed_memory.h"
#include "tests/bench/kernels/codec_kernels.h"
#include "tests/bench/kernels/dense_kernels.h"
#include "tests/bench/kernels/figures.h"
#include "tests/bench/kernels/sparse_kernels.h"

int main(int argc, char** argv) {
  // As the daemons do.
  paceline::KeepFreedMemory();
  bool quick = false;
  // Before those of the command line, which win.
  std::vector<std::string> defaults = {argv[0], "--benchmark_enable_random_interleaving=true"};
  std::vector<char*> arguments;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) {
      quick = true;
    } else {
      arguments.push_back(argv[i]);
    }
  }
  defaults.push_back(quick ? "--benchmark_repetitions=3" : "--benchmark_repetitions=7");
  defaults.push_back(quick ? "--benchmark_min_time=0.1" : "--benchmark_min_time=0.5");
  for (size_t i = defaults.size(); i-- > 0;) {
    arguments.insert(arguments.begin(), defaults[i].data());
  }
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  paceline::bench::RegisterLimits();
  paceline::bench::RegisterOptimizers();
  paceline::bench::RegisterFolds();
  paceline::bench::RegisterCodecs();
  paceline::bench::RegisterSparseRows();
  if (!quick) paceline::bench::RegisterSparseTables();
  paceline::bench::FigureTable table;
  benchmark::RunSpecifiedBenchmarks(&table);
  benchmark::Shutdown();
  return 0;
}
