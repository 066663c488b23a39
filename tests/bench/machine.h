// What a benchmark ran on: figures without it mean little.
#ifndef PACELINE_TESTS_BENCH_MACHINE_H_
#define PACELINE_TESTS_BENCH_MACHINE_H_

#include <string>

namespace paceline::bench {

// "2026-11-21, 2 x Xeon, 24 GiB, Linux 6.1".
std::string DescribeMachine();

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_MACHINE_H_
