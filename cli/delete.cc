#include "cli/delete.h"

#include "common/status/status_macros.h"

namespace paceline::cli {

absl::StatusOr<ExitCode> Delete(uint64_t job_id, SchedulerClient& client, Environment& env) {
  PL_RETURN_IF_ERROR(client.DeleteJob(job_id));
  env.err << "job " << job_id << " is deleted" << std::endl;
  return ExitCode::kOk;
}

}  // namespace paceline::cli
