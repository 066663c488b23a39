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
// Rows that a sparse step touches.
constexpr uint64_t kSparseRows = 95'000;

using Step = DataPlaneLoad::Step;

std::string Size(uint64_t bytes) {
  return bytes < kMiB ? absl::StrCat(bytes / kKiB, " KiB") : absl::StrCat(bytes / kMiB, " MiB");
}

std::string StepName(Step step) {
  switch (step) {
    case Step::kPush:
      return "push";
    case Step::kPull:
      return "pull";
    case Step::kPushPull:
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
                   Word(v1::Policy_Name(load.policy), 7), " ",
                   Size(load.table_bytes * static_cast<uint64_t>(load.tables)));
  if (load.keys > 0) {
    name = absl::StrCat(StepName(load.step), " ", kSparseRows / 1000, " k of ",
                        load.keys / 1'000'000, " M keys x ", load.dim);
  }
  absl::StrAppend(&name, ", ", load.servers, "+", load.ranks,
                  load.shared_memory ? ", shared memory" : "",
                  load.key_lists ? "" : ", keys sent each time");
  return {.name = std::move(name), .run = [load] { return RunDataPlane(load); }};
}

void AddLimits(absl::Duration time, std::vector<Case>* cases) {
  for (const std::string congestion : {"cubic", ""}) {
    cases->push_back({absl::StrCat("limit: raw TCP, 2 pairs, 4 MiB, ",
                                   congestion.empty() ? "system's control" : congestion),
                      [=] { return RunRawTcp({.congestion = congestion, .time = time}); }});
  }
  for (const uint64_t bytes : {256 * kKiB, kMiB, 4 * kMiB}) {
    cases->push_back({absl::StrCat("limit: raw gRPC, 2 pairs, ", Size(bytes), ", 2 outstanding"),
                      [=] { return RunRawGrpc({.message_bytes = bytes, .time = time}); }});
  }
}

// Pushes, pulls and both, of every size.
void AddSizes(DataPlaneLoad load, bool quick, std::vector<Case>* cases) {
  const std::vector<uint64_t> sizes =
      quick ? std::vector<uint64_t>{4 * kMiB, 64 * kMiB}
            : std::vector<uint64_t>{4 * kKiB,  64 * kKiB, kMiB,      4 * kMiB,
                                    16 * kMiB, 64 * kMiB, 256 * kMiB};
  for (const Step step : {Step::kPush, Step::kPull, Step::kPushPull}) {
    for (const uint64_t bytes : sizes) {
      load.step = step;
      // A small table is one shard: every server gets one of its own.
      load.tables = bytes < 8 * kMiB ? load.servers : 1;
      load.table_bytes = bytes / static_cast<uint64_t>(load.tables);
      load.dim = bytes < 8 * kMiB ? 256 : 1024;
      for (const bool shared_memory : {false, true}) {
        load.shared_memory = shared_memory;
        cases->push_back(DataPlaneCase(load));
      }
    }
  }
}

// What an all-reduce is compared with (peers/gloo.py).
void AddRounds(DataPlaneLoad load, std::vector<Case>* cases) {
  load.policy = v1::POLICY_BSP;
  load.shared_memory = true;
  load.tables = load.servers;
  for (const uint64_t bytes : {4 * kMiB, 64 * kMiB}) {
    load.table_bytes = bytes / static_cast<uint64_t>(load.tables);
    load.dim = 1024;
    cases->push_back(DataPlaneCase(load));
  }
}

// Policies, optimizers and numbers of processes, at 64 MiB.
void AddKinds(DataPlaneLoad load, bool quick, std::vector<Case>* cases) {
  load.table_bytes = 64 * kMiB;
  for (const v1::Policy policy : {v1::POLICY_BSP, v1::POLICY_SSP}) {
    DataPlaneLoad one = load;
    one.policy = policy;
    cases->push_back(DataPlaneCase(one));
  }
  for (int kind = v1::OPTIMIZER_KIND_SGD + 1; kind < v1::OptimizerKind_ARRAYSIZE; ++kind) {
    if (quick && kind != v1::OPTIMIZER_KIND_ADAM) continue;
    DataPlaneLoad one = load;
    one.optimizer = static_cast<v1::OptimizerKind>(kind);
    cases->push_back(DataPlaneCase(one));
  }
  for (const int processes : {1, 4}) {
    if (quick) break;
    load.servers = load.ranks = processes;
    cases->push_back(DataPlaneCase(load));
  }
}

// What the guarantees cost: pushes to servers with and without them.
void AddGuarantees(DataPlaneLoad load, std::vector<Case>* cases) {
  load.step = Step::kPush;
  load.bare = true;
  load.tables = load.servers;
  for (const uint64_t bytes : {4 * kMiB, 64 * kMiB}) {
    load.table_bytes = bytes / static_cast<uint64_t>(load.tables);
    Case one = DataPlaneCase(load);
    one.name += ", no guarantees";
    cases->push_back(std::move(one));
  }
}

// Pushes of 1 KiB from one rank to one server, several calls at once.
void AddSmallRequests(DataPlaneLoad load, std::vector<Case>* cases) {
  load.step = Step::kPush;
  load.servers = load.ranks = 1;
  load.table_bytes = load.frame_bytes = kKiB;
  load.dim = 256;
  for (const int calls : {1, 8}) {
    load.tables = calls;
    load.outstanding = static_cast<uint32_t>(calls);
    Case one = DataPlaneCase(load);
    one.name = absl::StrCat("push 1 KiB, ", calls, " outstanding, 1+1");
    cases->push_back(std::move(one));
  }
}

// The smallest possible iteration: a value on every server.
void AddNullSteps(DataPlaneLoad load, std::vector<Case>* cases) {
  load.ranks = 1;
  load.policy = v1::POLICY_BSP;
  load.dim = 16;
  load.table_bytes = 4 * load.dim;
  for (const int servers : {1, 4, 16}) {
    load.servers = load.tables = servers;
    Case one = DataPlaneCase(load);
    one.name = absl::StrCat("null_step, ", servers, servers == 1 ? " server" : " servers");
    cases->push_back(std::move(one));
  }
}

void AddSparse(DataPlaneLoad load, bool quick, std::vector<Case>* cases) {
  load.keys = 10'000'000;
  for (const uint32_t dim : {1, 4, 16, 64}) {
    if (quick && dim != 16) continue;
    load.dim = dim;
    load.table_bytes = kSparseRows * 4 * dim;
    for (const Step step : {Step::kPush, Step::kPull}) {
      load.step = step;
      for (const bool shared_memory : {false, true}) {
        load.shared_memory = shared_memory;
        for (const bool key_lists : {true, false}) {
          load.key_lists = key_lists;
          cases->push_back(DataPlaneCase(load));
        }
      }
    }
  }
}

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
  for (const uint64_t calls : {1, 8}) {
    add(absl::StrCat("push 1 KiB, ", calls, " outstanding, 1+1"),
        absl::StrCat("--step push --servers 1 --workers 1 --key-bytes 1024 --bytes ",
                     calls * kKiB));
  }
  for (const uint64_t bytes : {4 * kMiB, 64 * kMiB}) {
    add(absl::StrCat("push-pull ", Size(bytes), ", 2+2"),
        absl::StrCat("--step push-pull --bytes ", bytes));
  }
  for (const std::string step : {"push", "pull"}) {
    add(absl::StrCat(step, " 95 k keys x 16, 2+2"),
        absl::StrCat("--step ", step, " --dim 16 --bytes ", kSparseRows * 4 * 16));
  }
}

}  // namespace

std::vector<Case> DataPlaneCases(const DataPlaneCaseOptions& options) {
  DataPlaneLoad load;
  load.time = absl::Seconds(options.seconds);
  std::vector<Case> cases;
  AddLimits(load.time, &cases);
  AddSizes(load, options.quick, &cases);
  AddKinds(load, options.quick, &cases);
  AddRounds(load, &cases);
  AddGuarantees(load, &cases);
  AddSmallRequests(load, &cases);
  AddNullSteps(load, &cases);
  AddSparse(load, options.quick, &cases);
  if (!options.ps_lite.empty()) AddPsLite(options, &cases);
  return cases;
}

}  // namespace paceline::bench
