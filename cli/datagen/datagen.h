// `pacectl datagen`: data sets of known models, of any size, the same bytes for the same
// seed on every machine. What is known of them, and how well they can be learnt at best, is
// said at the end.
#ifndef PACELINE_CLI_DATAGEN_DATAGEN_H_
#define PACELINE_CLI_DATAGEN_DATAGEN_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/datagen/generator.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace paceline::cli {

inline constexpr uint64_t kMaxDatagenRows = uint64_t{1} << 40;

struct DatagenOptions {
  uint64_t rows = 100'000;
  // "-": standard output.
  std::string out = "-";
  // Held-out records of the same model; empty: none.
  std::string holdout;
  // 0: a tenth of `rows`.
  uint64_t holdout_rows = 0;
  // What the model says of each record of `out`, and its parameters; empty: not written.
  std::string truth;
  std::string model;
};

using MakeGenerator = std::function<absl::StatusOr<std::unique_ptr<Generator>>()>;

// Writes the records that a generator makes; `make` is called once for each file of them.
// The facts go to env.err, as lines or (kJson) as one document
// {"train": {"path", "rows", fact...}, "holdout": {...}}.
// Errors:  InvalidArgument  two files of the same path; held-out rows without a file for
//                           them; a model to write that has no parameters to show.
//          Cancelled        interrupted. Aborted: standard output is closed. Those of
//                           `make` and of the file system.
//          A file that is not whole is removed.
absl::StatusOr<ExitCode> Datagen(const DatagenOptions& options, const MakeGenerator& make,
                                 OutputFormat format, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_DATAGEN_H_
