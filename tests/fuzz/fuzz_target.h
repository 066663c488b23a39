// What every fuzz target defines. Two programs are made of it (fuzz.bzl): a test, which
// feeds it its seeds, the inputs kept in corpus/ and a fixed number of mutations of them,
// and a libFuzzer program, which goes on for as long as it is let (run.sh).
//
// A target fails by stopping the process: a broken PL_CHECK, a sanitizer's report.
#ifndef PACELINE_TESTS_FUZZ_FUZZ_TARGET_H_
#define PACELINE_TESTS_FUZZ_FUZZ_TARGET_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace paceline::fuzz {

// Inputs that reach far into what is fuzzed: valid ones, mostly.
std::vector<std::string> Seeds();

// Hands one input over. Must not depend on the inputs before it.
void FuzzOne(absl::string_view input);

}  // namespace paceline::fuzz

#endif  // PACELINE_TESTS_FUZZ_FUZZ_TARGET_H_
