// The names of refusals in reports and metrics.
//
// Thread-safe: a function without state.
#ifndef PACELINE_COMMON_REFUSAL_KIND_NAME_H_
#define PACELINE_COMMON_REFUSAL_KIND_NAME_H_

#include <string>

#include "proto/data.pb.h"

namespace paceline {

// "stale_epoch"; "other" for an error that is none of the kinds (KIND_UNSPECIFIED).
std::string RefusalKindName(int kind);

}  // namespace paceline

#endif  // PACELINE_COMMON_REFUSAL_KIND_NAME_H_
