#include "common/check.h"

#include <cstdio>
#include <cstdlib>

namespace paceline::check_internal {

Failure::Failure(const char* file, int line, const std::string& what) {
  stream_ << "F " << file << ":" << line << "] check failed: " << what << " ";
}

Failure::~Failure() {
  stream_ << "\n";
  const std::string message = stream_.str();
  // One write: the line stays whole when several threads fail at once.
  std::fwrite(message.data(), 1, message.size(), stderr);
  std::fflush(stderr);
  std::abort();
}

}  // namespace paceline::check_internal
