#include "server/io/data_methods.h"

#include "absl/strings/str_cat.h"
#include "common/failpoint/failpoint.h"

namespace paceline::server {

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

namespace {

// Answers a call and counts it.
template <typename Serve>
auto Timed(DataPlane* data_plane, DataMethod method, Serve serve) {
  const absl::Duration began = data_plane->Now();
  auto response = serve();
  data_plane->stats().Handled(method, response.status(), data_plane->Now() - began);
  return response;
}

absl::StatusOr<v1::OpenRankResponse> OpenRank(DataPlane* data_plane,
                                              const v1::OpenRankRequest& request) {
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<ServerJob> job,
                      FindJob(data_plane, request.context().job_id()));
  PL_RETURN_IF_ERROR(Failpoint("server.open_rank.receive"));
  PL_ASSIGN_OR_RETURN(v1::OpenRankResponse response, job->OpenRank(request.context()));
  PL_RETURN_IF_ERROR(Failpoint("server.open_rank.reply"));
  if (data_plane->arenas() != nullptr) {
    response.set_shared_memory_socket(data_plane->arenas()->socket_name());
  }
  return response;
}

absl::StatusOr<v1::PinResponse> Pin(DataPlane* data_plane, const v1::PinRequest& request) {
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<ServerJob> job,
                      FindJob(data_plane, request.context().job_id()));
  return job->Pin(request);
}

absl::StatusOr<v1::UnpinResponse> Unpin(DataPlane* data_plane, const v1::UnpinRequest& request) {
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<ServerJob> job,
                      FindJob(data_plane, request.context().job_id()));
  return job->Unpin(request);
}

void Push(DataPlane* data_plane, const v1::PushRequest& header, Payload received,
          const ServerJob::PushDone& done) {
  if (const absl::Status fault = Failpoint("server.push.receive"); !fault.ok()) return done(fault);
  const absl::StatusOr<Payload> payload =
      PayloadOf(data_plane, DataMethod::kPush, header, std::move(received));
  if (!payload.ok()) return done(payload.status());
  const absl::StatusOr<std::shared_ptr<ServerJob>> job =
      FindJob(data_plane, header.context().job_id());
  if (!job.ok()) return done(job.status());
  (*job)->Push(header, *payload, [&](absl::StatusOr<v1::PushResponse> response) {
    if (response.ok()) {
      data_plane->stats().duplicates.Add(response->duplicates());
      if (const absl::Status fault = Failpoint("server.push.reply"); !fault.ok()) response = fault;
    }
    done(std::move(response));
  });
}

}  // namespace

absl::StatusOr<v1::OpenRankResponse> ServeOpenRank(DataPlane* data_plane,
                                                   const v1::OpenRankRequest& request) {
  return Timed(data_plane, DataMethod::kOpenRank, [&] { return OpenRank(data_plane, request); });
}

absl::StatusOr<v1::PinResponse> ServePin(DataPlane* data_plane, const v1::PinRequest& request) {
  return Timed(data_plane, DataMethod::kPin, [&] { return Pin(data_plane, request); });
}

absl::StatusOr<v1::UnpinResponse> ServeUnpin(DataPlane* data_plane,
                                             const v1::UnpinRequest& request) {
  return Timed(data_plane, DataMethod::kUnpin, [&] { return Unpin(data_plane, request); });
}

void ServePush(DataPlane* data_plane, const v1::PushRequest& header, Payload received,
               const ServerJob::PushDone& done) {
  // One reference to it fits into a std::function without an allocation.
  const struct {
    DataPlane* data_plane;
    const ServerJob::PushDone& done;
    absl::Duration began;
  } call = {data_plane, done, data_plane->Now()};
  Push(data_plane, header, std::move(received), [&call](absl::StatusOr<v1::PushResponse> response) {
    call.data_plane->stats().Handled(DataMethod::kPush, response.status(),
                                     call.data_plane->Now() - call.began);
    call.done(std::move(response));
  });
}

}  // namespace paceline::server
