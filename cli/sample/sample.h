// `pacectl sample`: text from a language model that a job trained.
#ifndef PACELINE_CLI_SAMPLE_SAMPLE_H_
#define PACELINE_CLI_SAMPLE_SAMPLE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/weights/trained_model.h"

namespace paceline::cli {

class SchedulerClient;

inline constexpr uint64_t kMaxSampleBytes = 1'000'000;

struct SampleOptions {
  ModelSource model;
  // What the text begins with: a byte at least.
  std::string prompt = "\n";
  uint64_t bytes = 500;
  // 0: always the likeliest byte.
  double temperature = 0.8;
  // Only so many of the likeliest bytes. 0: all.
  uint32_t top_k = 0;
  // The same seed, model and options give the same text.
  uint64_t seed = 1;
};

// Prints the prompt and what follows, each byte as it comes, and a line end. On a terminal
// control characters other than line ends and tabs are shown as `?`.
// Errors: InvalidArgument  an empty prompt, or no language model. Those of TrainedModel::Open.
absl::StatusOr<ExitCode> Sample(const SampleOptions& options, SchedulerClient& client,
                                Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_SAMPLE_SAMPLE_H_
