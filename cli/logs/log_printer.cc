#include "cli/logs/log_printer.h"

namespace paceline::cli {

void LogPrinter::PrintLine(uint32_t rank, absl::string_view line) {
  if (options_.prefixes) out_ << RankPrefix(rank, options_.ranks, options_.color);
  out_ << std::string(line) << "\n";
}

void LogPrinter::Print(uint32_t rank, absl::string_view bytes) {
  MutexLock lock(&mu_);
  for (const std::string& line : splitters_[rank].Add(bytes)) PrintLine(rank, line);
  out_ << std::flush;
}

void LogPrinter::FinishLine(uint32_t rank) {
  MutexLock lock(&mu_);
  for (const std::string& line : splitters_[rank].Finish()) PrintLine(rank, line);
  out_ << std::flush;
}

void LogPrinter::Say(uint32_t rank, absl::string_view message) {
  MutexLock lock(&mu_);
  err_ << "rank " << rank << ": " << std::string(message) << std::endl;
}

}  // namespace paceline::cli
