#include "common/json/proto_json.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/check.h"

namespace paceline {

std::string ProtoToJson(const google::protobuf::Message& message, JsonLayout layout) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = layout == JsonLayout::kIndented;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  PL_CHECK(status.ok()) << message.GetTypeName() << ": " << status.ToString();
  return std::string(absl::StripSuffix(json, "\n"));
}

std::string SummaryToJson(v1::RunSummary summary, JsonLayout layout) {
  summary.mutable_eval();
  return ProtoToJson(summary, layout);
}

absl::Status JsonToProto(absl::string_view json, google::protobuf::Message* message) {
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), message);
  if (status.ok()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(message->GetTypeName(), " as JSON expected: ", std::string(status.message())));
}

}  // namespace paceline
