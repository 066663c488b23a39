// What a big sparse table costs: bytes of a row, time to create and to find rows, and time of
// an iteration beside that of a smaller table.
#ifndef PACELINE_TESTS_BENCH_SPARSE_TABLE_BENCH_H_
#define PACELINE_TESTS_BENCH_SPARSE_TABLE_BENCH_H_

#include <cstdint>

namespace paceline::bench {

struct SparseTableOptions {
  // Rows of the table, and of the one whose iterations its own are compared with.
  uint64_t rows = 1'000'000;
  uint64_t fewer_rows = 100'000;
  // Floats of a row, under Adam.
  uint32_t dim = 16;
  // Keys of an iteration, drawn evenly from all: each is pulled, then pushed.
  uint64_t batch = 100'000;
  // Iterations that are timed, of each table in turns.
  int iterations = 30;
};

// Prints one figure a line.
void RunSparseTableBench(const SparseTableOptions& options);

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_SPARSE_TABLE_BENCH_H_
