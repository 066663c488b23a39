// Reads one decimal number of a text record as float32, correctly rounded.
//
//   [+-] digits [. digits] [(e|E) [+-] digits]
//
// NaN and infinity, in words or by overflow, are errors; underflow gives zero.
// Hexadecimal and locale forms are not numbers. Pure.
#ifndef PACELINE_WORKER_CORE_DATA_NUMBER_H_
#define PACELINE_WORKER_CORE_DATA_NUMBER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace paceline::worker {

// Reads a number at the start of [begin, end). Returns the end of it, or nullptr
// if no finite number that float32 can hold starts here; what follows the number
// is the caller's to check.
const char* ReadNumber(const char* begin, const char* end, float* value);

// Why `field` is not the number that ReadNumber would read from end to end:
// InvalidArgument `a number expected, got "12x"`.
absl::Status NumberError(absl::string_view field);

// At most 40 bytes of text from a file, in quotes, safe to print.
std::string Quoted(absl::string_view text);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_NUMBER_H_
