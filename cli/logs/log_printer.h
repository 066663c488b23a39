// One output for the logs of many ranks: whole lines, each with its rank's prefix.
#ifndef PACELINE_CLI_LOGS_LOG_PRINTER_H_
#define PACELINE_CLI_LOGS_LOG_PRINTER_H_

#include <cstdint>
#include <map>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "cli/logs/log_text.h"
#include "common/sync.h"

namespace paceline::cli {

// Thread-safe: it alone writes to the streams.
class LogPrinter {
 public:
  struct Options {
    // Of the job; for the width of prefixes.
    uint32_t ranks = 0;
    bool prefixes = true;
    bool color = false;
  };

  LogPrinter(std::ostream& out, std::ostream& err, const Options& options)
      : out_(out), err_(err), options_(options) {}

  // Prints the lines that are complete.
  void Print(uint32_t rank, absl::string_view bytes);
  // Prints what is left of a line that has no end.
  void FinishLine(uint32_t rank);
  // A message about a log.
  void Say(uint32_t rank, absl::string_view message);

 private:
  void PrintLine(uint32_t rank, absl::string_view line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  std::ostream& out_;
  std::ostream& err_;
  const Options options_;
  Mutex mu_;
  std::map<uint32_t, LineSplitter> splitters_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOGS_LOG_PRINTER_H_
