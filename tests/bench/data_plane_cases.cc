#include "tests/bench/data_plane_cases.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/bench/data_plane_load.h"
#include "tests/bench/peer_process.h"
#include "tests/bench/raw_grpc.h"
#include "tests/bench/raw_tcp.h"

namespace paceline::bench {
namespace {

constexpr uint64_t kKiB = uint64_t{1} << 10;
constexpr uint64_t kMiB = uint64_t{1} << 20;

std::string Size(uint64_t bytes) {
  return bytes < kMiB ? absl::StrCat(bytes / kKiB, " KiB") : absl::StrCat(bytes / kMiB, " MiB");
}

std::string StepName(DataPlaneLoad::Step step) {
  switch (step) {
    case DataPlaneLoad::Step::kPush:
      return "push";
    case DataPlaneLoad::Step::kPull:
      return "pull";
    case DataPlaneLoad::Step::kPushPull:
      return "push-pull";
  }
  return "";
}

// "POLICY_BSP" -> "bsp".
std::string Word(const std::string& name, size_t prefix) {
  return absl::AsciiStrToLower(name.substr(prefix));
}

Case DataPlaneCase(DataPlaneLoad load) {
  std::string name =
      absl::StrCat(StepName(load.step), " ", Word(v1::OptimizerKind_Name(load.optimizer), 15), " ",
                   Word(v1::Policy_Name(load.policy), 7), " ", Size(load.table_bytes));
  if (load.keys > 0) {
    absl::StrAppend(&name, " of ", load.keys / 1'000'000, " M keys x ", load.dim);
  }
  absl::StrAppend(&name, ", ", load.servers, "+", load.ranks);
  return {.name = std::move(name), .run = [load] { return RunDataPlane(load); }};
}

}  // namespace

// In a network namespace of its own, whose connections send under reno (which, unlike
// cubic, every namespace may choose; on loopback they are equal).
constexpr char kUnderReno[] =
    "unshare --net sh -c 'ip link set lo up && "
    "echo reno > /proc/sys/net/ipv4/tcp_congestion_control && exec \"$0\" \"$@\"' ";

void AddPsLite(const DataPlaneCaseOptions& options, std::vector<Case>* cases) {
  const auto add = [&](const std::string& name, const std::string& arguments) {
    const std::string command =
        absl::StrCat(options.ps_lite, " --seconds ", options.seconds, " ", arguments);
    cases->push_back(
        {absl::StrCat("ps-lite ", name, ", as installed"), [=] { return RunPeer(command); }});
    cases->push_back({absl::StrCat("ps-lite ", name, ", reno, malloc"),
                      [=] { return RunPeer(kUnderReno + command + " --tuned-malloc"); }});
  };
  for (const uint64_t bytes : {kKiB, 8 * kMiB, 64 * kMiB}) {
    add(absl::StrCat("push-pull ", Size(bytes), ", 2+2"),
        absl::StrCat("--step push-pull --bytes ", bytes));
  }
  for (const std::string step : {"push", "pull"}) {
    add(absl::StrCat(step, " 95 k keys x 16, 2+2"),
        absl::StrCat("--step ", step, " --dim 16 --bytes ", 95'000 * 4 * 16));
  }
}

std::vector<Case> DataPlaneCases(const DataPlaneCaseOptions& options) {
  const absl::Duration time = absl::Seconds(options.seconds);
  std::vector<Case> cases;
  for (const std::string congestion : {"cubic", ""}) {
    cases.push_back({absl::StrCat("limit: raw TCP, 2 pairs, 4 MiB, ",
                                  congestion.empty() ? "system's congestion control" : congestion),
                     [=] { return RunRawTcp({.congestion = congestion, .time = time}); }});
  }
  for (const uint64_t bytes : {256 * kKiB, kMiB, 4 * kMiB}) {
    cases.push_back({absl::StrCat("limit: raw gRPC, 2 pairs, ", Size(bytes), ", 2 outstanding"),
                     [=] { return RunRawGrpc({.message_bytes = bytes, .time = time}); }});
  }

  DataPlaneLoad load;
  load.time = time;
  using Step = DataPlaneLoad::Step;
  for (const Step step : {Step::kPush, Step::kPull, Step::kPushPull}) {
    for (const uint64_t bytes :
         {4 * kKiB, 64 * kKiB, kMiB, 8 * kMiB, 16 * kMiB, 64 * kMiB, 256 * kMiB}) {
      if (options.quick && bytes != 8 * kMiB && bytes != 16 * kMiB && bytes != 64 * kMiB) continue;
      load.step = step;
      load.table_bytes = bytes;
      load.dim = bytes < 4 * kMiB ? 256 : 1024;
      cases.push_back(DataPlaneCase(load));
    }
  }
  load.dim = 1024;
  load.table_bytes = 64 * kMiB;
  for (const v1::Policy policy : {v1::POLICY_BSP, v1::POLICY_SSP}) {
    load.policy = policy;
    cases.push_back(DataPlaneCase(load));
  }
  load.policy = v1::POLICY_ASP;
  for (int kind = v1::OPTIMIZER_KIND_SGD + 1; kind < v1::OptimizerKind_ARRAYSIZE; ++kind) {
    if (options.quick && kind != v1::OPTIMIZER_KIND_ADAM) continue;
    load.optimizer = static_cast<v1::OptimizerKind>(kind);
    cases.push_back(DataPlaneCase(load));
  }
  load.optimizer = v1::OPTIMIZER_KIND_SGD;
  for (const int processes : {1, 4}) {
    if (options.quick) break;
    load.servers = load.ranks = processes;
    cases.push_back(DataPlaneCase(load));
  }
  load.servers = load.ranks = 2;
  if (!options.ps_lite.empty()) AddPsLite(options, &cases);
  // The smallest possible iteration.
  load.ranks = 1;
  load.policy = v1::POLICY_BSP;
  load.table_bytes = 64;
  load.dim = 16;
  for (const int servers : {1, 4, 16}) {
    load.servers = load.tables = servers;
    Case one = DataPlaneCase(load);
    one.name = absl::StrCat("null_step, ", servers, servers == 1 ? " server" : " servers");
    cases.push_back(std::move(one));
  }
  load.policy = v1::POLICY_ASP;
  load.servers = load.ranks = 2;
  load.tables = 1;
  for (const uint32_t dim : {1, 4, 16, 64}) {
    if (options.quick && dim != 16) continue;
    load.dim = dim;
    load.keys = 10'000'000;
    load.table_bytes = uint64_t{95'000} * 4 * dim;
    for (const Step step : {Step::kPush, Step::kPull}) {
      load.step = step;
      cases.push_back(DataPlaneCase(load));
    }
  }
  return cases;
}

}  // namespace paceline::bench
