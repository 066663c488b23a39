// Which of the states that a shard keeps.
#ifndef PACELINE_SERVER_CORE_ROWS_VERSION_H_
#define PACELINE_SERVER_CORE_ROWS_VERSION_H_

namespace paceline::server {

enum class Version {
  // After the last Apply.
  kCurrent,
  // Before the last Apply or Advance with Keep::kPrevious; kCurrent if there is none.
  kPrevious,
};

// Whether an update keeps the rows it changes readable as kPrevious until the
// next update (BSP), or not (SSP, ASP).
enum class Keep { kNothing, kPrevious };

// Pins of one shard at most.
inline constexpr int kMaxPins = 8;

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_VERSION_H_
