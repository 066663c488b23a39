// Logs of several ranks as lines of one output.
#ifndef PACELINE_CLI_LOGS_LOG_TEXT_H_
#define PACELINE_CLI_LOGS_LOG_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace paceline::cli {

// A longer line is broken.
inline constexpr size_t kMaxLogLineBytes = 64 << 10;
// Of the end of a log that are looked at for its last lines.
inline constexpr size_t kMaxTailBytes = 16 << 20;

// Cuts what arrives in pieces into lines. Thread-compatible.
class LineSplitter {
 public:
  // The lines that are complete now, without their ends.
  std::vector<std::string> Add(absl::string_view bytes);
  // What is left when no more comes.
  std::vector<std::string> Finish();

 private:
  std::string open_;
};

// Keeps the end of what goes by. Thread-compatible.
class TailKeeper {
 public:
  // The last `lines` lines (0: all), of at most the last `bytes` bytes (0: kMaxTailBytes).
  TailKeeper(uint64_t lines, uint64_t bytes);

  void Add(absl::string_view bytes);
  std::string Tail() const;

 private:
  const uint64_t lines_;
  const size_t limit_;
  std::string kept_;
};

// "rank  3 | ": as wide for all ranks of a job of `ranks`. A rank always has the same
// colour.
std::string RankPrefix(uint32_t rank, uint32_t ranks, bool color);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOGS_LOG_TEXT_H_
