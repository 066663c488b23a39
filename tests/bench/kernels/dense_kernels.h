// Kernels that walk over long arrays, on one core, beside what its memory allows.
#ifndef PACELINE_TESTS_BENCH_KERNELS_DENSE_KERNELS_H_
#define PACELINE_TESTS_BENCH_KERNELS_DENSE_KERNELS_H_

namespace paceline::bench {

// "limit: memcpy", "limit: triad".
void RegisterLimits();
// Every optimizer, in place; Adam and SGD out of place too, as rounds apply them.
void RegisterOptimizers();
void RegisterFolds();

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_KERNELS_DENSE_KERNELS_H_
