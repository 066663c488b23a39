// What numbers a field of the job spec may hold, in one table.
#ifndef PACELINE_COMMON_SPEC_RANGES_H_
#define PACELINE_COMMON_SPEC_RANGES_H_

#include <string>

#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"

namespace paceline {

// Finite numbers from `low` to `high`; an open end does not belong to it.
struct NumberRange {
  // "TrainSpec.global_batch".
  const char* field;
  double low;
  double high;
  bool open_low = false;
  bool open_high = false;

  bool Holds(double value) const;
  // "a whole number from 1 to 1024", "a number greater than 0".
  std::string Allowed(bool whole) const;
};

// The range of a field; null when its type alone limits it.
const NumberRange* RangeOf(const google::protobuf::FieldDescriptor& field);

// All ranges.
absl::Span<const NumberRange> AllRanges();

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_RANGES_H_
