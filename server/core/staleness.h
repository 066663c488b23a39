// Distances between the iteration of an applied update and the version that its rank had
// read, in iterations. Empty updates do not count, nor does what was never read.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_STALENESS_H_
#define PACELINE_SERVER_CORE_STALENESS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "proto/node.pb.h"

namespace paceline::server {

struct Staleness {
  // Upper bounds of counts; the last count is of what lies above all of them.
  static constexpr std::array<uint64_t, 11> kBounds = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

  std::array<uint64_t, kBounds.size() + 1> counts = {};
  uint64_t sum = 0;
  uint64_t max = 0;

  void Add(uint64_t iterations);
  void Merge(const Staleness& other);
  uint64_t count() const;

  // staleness_count, _sum, _max and the histogram.
  void Fill(v1::ServerJobReport* report) const;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_STALENESS_H_
