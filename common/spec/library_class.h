// The library of a model as a part of a task's numeric class (TaskFacts.numeric_class): other
// bytes may compute other bits.
//
//   "cpu/AVX3/OpenBLAS-0.3.21-SkylakeX" and "poisson.so-0123456789abcdef" become
//   "cpu/AVX3/OpenBLAS-0.3.21-SkylakeX library poisson.so-0123456789abcdef"
//
// Pure functions. Thread-safe.
#ifndef PACELINE_COMMON_SPEC_LIBRARY_CLASS_H_
#define PACELINE_COMMON_SPEC_LIBRARY_CLASS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace paceline {

// `library`: its file and a hash of its bytes; empty: `device_class` stays as it is.
std::string WithLibrary(absl::string_view device_class, absl::string_view library);

// The library of a numeric class; empty: it has none.
absl::string_view LibraryOf(absl::string_view numeric_class);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_LIBRARY_CLASS_H_
