#include "scheduler/core/views/wait_reason.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "scheduler/core/admission/admission.h"
#include "scheduler/core/admission/tenant_limits.h"
#include "scheduler/core/nodes/job_device.h"
#include "scheduler/core/nodes/links.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/nodes/memory.h"
#include "scheduler/core/nodes/slots.h"
#include "scheduler/core/ranks/waiting.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/stored_cuts/holders.h"

namespace paceline::scheduler {
namespace {

// Names beyond this are counted.
constexpr size_t kMaxNamed = 5;

std::string NameServers(std::vector<std::string> addresses) {
  const size_t count = addresses.size();
  addresses.resize(std::min(count, kMaxNamed));
  std::string text =
      absl::StrCat(count == 1 ? "server " : "servers ", absl::StrJoin(addresses, ", "));
  if (count > kMaxNamed) absl::StrAppend(&text, " and ", count - kMaxNamed, " more");
  return text;
}

std::string NameServers(const v1::JobRecord& job, const std::vector<int>& servers) {
  std::vector<std::string> addresses;
  for (const int server : servers) addresses.push_back(job.map().servers(server).address());
  return NameServers(std::move(addresses));
}

std::string PlacingReason(const View& view, const v1::JobRecord& job) {
  if (!job.has_facts()) {
    std::vector<uint32_t> ranks = RanksWithoutFacts(view, job);
    const size_t count = ranks.size();
    if (ranks.size() > kMaxNamed) ranks.resize(kMaxNamed);
    std::string text =
        absl::StrCat("waits for ", count == 1 ? "rank " : "ranks ", absl::StrJoin(ranks, ", "));
    if (count > kMaxNamed) absl::StrAppend(&text, " and ", count - kMaxNamed, " more");
    return absl::StrCat(text, " to start and read the data");
  }
  if (job.map().servers().empty()) {
    if (std::string own = TenantShortage(view, job); !own.empty()) return own;
    const uint32_t servers = ServersFor(view, job);
    if (std::string memory = servers == 0 ? "" : NoMemory(view, job, servers); !memory.empty()) {
      return memory;
    }
    const bool recovers = job.state() == v1::JOB_STATE_RECOVERING;
    return absl::StrCat("needs ", recovers ? 1 : job.spec().resources().servers(), " servers, ",
                        UsableNodes(view, v1::NODE_ROLE_SERVER).size(), " live");
  }
  const std::vector<int> servers = ServersNotServing(view, job);
  if (servers.empty()) return "";
  const std::string from =
      job.restore_cut() == 0 ? "" : absl::StrCat(" from cut ", job.restore_cut());
  return absl::StrCat("waits for ", NameServers(job, servers), " to open ",
                      servers.size() == 1 ? "its" : "their", " shards", from);
}

std::string CheckpointingReason(const View& view, const v1::JobRecord& job) {
  std::vector<std::string> steps;
  const uint64_t cut = job.cut().cut_id();
  if (!job.cut().abandoned().empty()) {
    steps.push_back(absl::StrCat(job.cut().abandoned(), "; tries again"));
  } else if (IsSealed(job.cut())) {
    steps.push_back(absl::StrCat("waits for ", NameServers(HoldersNotDone(view, job)),
                                 " to copy and verify cut ", cut));
  } else if (const std::vector<int> servers = ServersNotCut(view, job); !job.cut().committed()) {
    steps.push_back(servers.empty() ? absl::StrCat("verifies cut ", cut)
                                    : absl::StrCat("waits for ", NameServers(job, servers),
                                                   " to write cut ", cut));
  } else if (job.cut().parameters_sha256().empty()) {
    steps.push_back(absl::StrCat("hashes the parameters of cut ", cut));
  }
  if (NeedsFinalEval(job) && !job.has_final_eval()) {
    steps.push_back("waits for rank 0 to evaluate");
  }
  if (steps.empty() && !AllHeard(view, job)) steps.push_back("waits to hear all ranks and servers");
  return absl::StrJoin(steps, "; ");
}

// Which ranks of a job that has started wait for a slot, and why they lost their
// task; empty if none does.
std::string SlotReason(const View& view, const v1::JobRecord& job) {
  const std::vector<uint32_t> ranks = RanksWithoutTask(job);
  if (ranks.empty()) return "";
  const SlotNeeds needs = NeedsOfRank(job);
  const auto count = static_cast<uint32_t>(ranks.size());
  return absl::StrCat(
      count == 1 ? absl::StrCat("rank ", ranks[0], " waits") : absl::StrCat(count, " ranks wait"),
      needs.gpu ? absl::StrCat(": ", SlotShortage(view, count, needs))
                : absl::StrCat(" for a worker, ", FreeSlots(view), " slots free"),
      "; rank ", ranks[0],
      " lost its task: ", job.ranks(static_cast<int>(ranks[0])).last_exit().cause());
}

}  // namespace

std::string ReasonNow(const View& view, const v1::JobRecord& job) {
  if (HasEnded(job.state())) return job.reason();
  std::string reason;
  switch (job.state()) {
    case v1::JOB_STATE_PENDING:
      reason = PendingReason(view, job);
      break;
    case v1::JOB_STATE_PLACING:
      reason = PlacingReason(view, job);
      break;
    case v1::JOB_STATE_RECOVERING:
      reason = absl::StrCat(job.reason(), "; ", PlacingReason(view, job));
      break;
    case v1::JOB_STATE_CHECKPOINTING:
      reason = CheckpointingReason(view, job);
      break;
    default:
      reason = job.reason();
  }
  if (std::string waits = LinkReason(view, job); !waits.empty()) reason = std::move(waits);
  if (std::string waits = SlotReason(view, job); !waits.empty()) reason = std::move(waits);
  const std::string& alarm = view.seen.alarm();
  if (alarm.empty()) return reason;
  return absl::StrCat(reason, reason.empty() ? "" : "; ", alarm);
}

}  // namespace paceline::scheduler
