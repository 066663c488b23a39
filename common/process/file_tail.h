// The last lines of a file, e.g. of a dead child's output.
//
// Thread-safe.
#ifndef PACELINE_COMMON_PROCESS_FILE_TAIL_H_
#define PACELINE_COMMON_PROCESS_FILE_TAIL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fs.h"

namespace paceline {

// At most the last `max_lines` lines, of at most the last `max_bytes` bytes (the
// first line may then be cut). Without line ends; control characters other
// than tabs become a question mark.
absl::StatusOr<std::vector<std::string>> ReadTail(FileSystem& fs, const std::string& path,
                                                  std::size_t max_lines,
                                                  std::uint64_t max_bytes = 16 << 10);

}  // namespace paceline

#endif  // PACELINE_COMMON_PROCESS_FILE_TAIL_H_
