#include "cli/bytes_text.h"

#include "absl/strings/str_format.h"

namespace paceline::cli {

std::string Bytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 4) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? absl::StrFormat("%.0f B", bytes)
                   : absl::StrFormat("%.4g %s", bytes, kUnits[unit]);
}

}  // namespace paceline::cli
