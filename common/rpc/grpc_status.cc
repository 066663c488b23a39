#include "common/rpc/grpc_status.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

constexpr absl::string_view kDetailsUrl = "paceline/grpc-status-details-bin";
constexpr std::size_t kMaxMessageBytes = 3 << 10;

std::string Shortened(absl::string_view message) {
  if (message.size() <= kMaxMessageBytes) return std::string(message);
  return absl::StrCat(message.substr(0, kMaxMessageBytes), "...");
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), Shortened(status.message()),
                      ErrorDetails(status));
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  // A peer may send any number.
  const int code = status.error_code();
  const bool known = code > 0 && code <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  absl::Status result(known ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown,
                      status.error_message());
  SetErrorDetails(&result, status.error_details());
  return result;
}

void SetErrorDetails(absl::Status* status, absl::string_view details) {
  if (!details.empty()) status->SetPayload(kDetailsUrl, absl::Cord(details));
}

std::string ErrorDetails(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kDetailsUrl);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace paceline
