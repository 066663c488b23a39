// Where a value that is not finite would have entered a table.
#ifndef PACELINE_SERVER_CORE_ROWS_NON_FINITE_H_
#define PACELINE_SERVER_CORE_ROWS_NON_FINITE_H_

#include <cstdint>

namespace paceline::server {

struct NonFinite {
  // dense: row of the table. sparse: key.
  uint64_t row = 0;
  uint32_t column = 0;

  bool operator==(const NonFinite&) const = default;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_NON_FINITE_H_
