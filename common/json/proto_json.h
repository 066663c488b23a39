// Messages as JSON for programs: the form that `-o json`, /status and manifests
// share.
//
// Field names as in the .proto, fields without a value printed with their default
// (except absent optional fields and messages), 64-bit integers as strings, enums by
// name.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_JSON_PROTO_JSON_H_
#define PACELINE_COMMON_JSON_PROTO_JSON_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "proto/cluster.pb.h"

namespace paceline {

enum class JsonLayout { kOneLine, kIndented };

// Without a line end.
std::string ProtoToJson(const google::protobuf::Message& message, JsonLayout layout);

// A run summary always has its `eval` object, if empty.
std::string SummaryToJson(v1::RunSummary summary, JsonLayout layout);

// Errors: InvalidArgument  no JSON, an unknown field or a wrong type.
absl::Status JsonToProto(absl::string_view json, google::protobuf::Message* message);

}  // namespace paceline

#endif  // PACELINE_COMMON_JSON_PROTO_JSON_H_
