#include "server/io/data_plane_call.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace paceline::server {

// The received slices as pieces that share one owner.
Payload Share(paceline::Payload received) {
  const auto owner = std::make_shared<const paceline::Payload>(std::move(received));
  Payload payload;
  for (const absl::string_view piece : owner->pieces()) {
    payload.Append(Piece{.owner = owner,
                         .bytes = absl::MakeConstSpan(
                             reinterpret_cast<const uint8_t*>(piece.data()), piece.size())});
  }
  return payload;
}

absl::Status NoArenas() {
  return absl::UnavailableError("this server has no shared memory with its clients");
}

absl::StatusOr<std::shared_ptr<ServerJob>> FindJob(DataPlane* data_plane, uint64_t job_id) {
  std::shared_ptr<ServerJob> job = data_plane->state().Find(job_id);
  if (job != nullptr) return job;
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::UNKNOWN_JOB);
  return RefusalStatus(refusal, absl::StrCat("job ", job_id, " is not served here"));
}

}  // namespace paceline::server
