#include "common/spec/flush_schedule.h"

#include <algorithm>

#include "common/codec/codec.h"

namespace paceline {
namespace {

bool LeavesResiduals(const v1::CompressionSpec& compression) {
  const auto& tables = compression.tables();
  return LeavesResidual(compression.push()) ||
         std::any_of(tables.begin(), tables.end(),
                     [](const auto& table) { return LeavesResidual(table.push()); });
}

}  // namespace

FlushSchedule::FlushSchedule(const v1::JobSpec& spec) {
  if (spec.consistency().policy() != v1::POLICY_BSP) return;
  if (LeavesResiduals(spec.compression())) every_ = spec.checkpoint().every_iterations();
}

bool FlushSchedule::At(uint64_t iteration, uint64_t total) const {
  return flushes() && ((iteration + 1) % every_ == 0 || iteration + 1 == total);
}

uint64_t FlushSchedule::CutRound(uint64_t round) const {
  return flushes() ? (round + every_ - 1) / every_ * every_ : round;
}

}  // namespace paceline
