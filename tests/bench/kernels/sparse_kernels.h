// Rows of sparse tables, read and updated as a request of 95 k keys does, on one core:
// keys drawn from a table that holds them all, uniformly or by Zipf's law (exponent 1).
#ifndef PACELINE_TESTS_BENCH_KERNELS_SPARSE_KERNELS_H_
#define PACELINE_TESTS_BENCH_KERNELS_SPARSE_KERNELS_H_

namespace paceline::bench {

// Rows of 1 to 64 floats, of a million.
void RegisterSparseRows();
// The same step on tables of 1 GB and 8 GB of rows; with its index the latter takes 12 GB
// of memory.
void RegisterSparseTables();

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_KERNELS_SPARSE_KERNELS_H_
