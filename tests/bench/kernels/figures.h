// What the kernel benchmarks count, and the table in which it ends.
//
// GB/s counts the streams that a kernel has to read and write, each float once: Adam
// reads gradient, weights and two slots and writes weights and slots, seven streams; a
// triad (a = b + s * c) three; a copy two. That a store to memory that was not read makes
// the machine read it first is not counted.
//
// Rates are of CPU time: what else runs takes turns on the core.
//
// Thread-compatible.
#ifndef PACELINE_TESTS_BENCH_KERNELS_FIGURES_H_
#define PACELINE_TESTS_BENCH_KERNELS_FIGURES_H_

#include <benchmark/benchmark.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace paceline::bench {

// The bytes and keys of one iteration; 0 keys: none are counted.
void Count(benchmark::State& state, uint64_t bytes, double keys = 0);

// Prints the median of each benchmark's repetitions, and GB/s as a part of triad's.
class FigureTable : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  struct Row {
    // In the order of registration.
    int64_t number = 0;
    std::string name;
    std::map<std::string, double> figures;
  };
  std::vector<Row> rows_;
  int64_t repetitions_ = 1;
};

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_KERNELS_FIGURES_H_
