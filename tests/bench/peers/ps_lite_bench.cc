// The same load on ps-lite (ZeroMQ), where it was built: run.sh --ps-lite DIR.
//
// Servers take SGD steps on arrival, one key per 4 MiB of weights (--key-bytes), and answer from
// the weights themselves without copying or locking. There is no fencing, no duplicate is noticed,
// nothing is checked for finiteness.
//
// Prints one JSON object with the totals of one run.
#include <ps/ps.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/daemon/freed_memory.h"
#include "tests/bench/role_processes.h"

namespace paceline::bench {
namespace {

constexpr float kLearningRate = 0.001f;

struct Load {
  std::string step = "push-pull";
  int servers = 2;
  int workers = 2;
  uint64_t bytes = uint64_t{8} << 20;
  // Of one key.
  uint64_t key_bytes = uint64_t{4} << 20;
  // Rows of this many floats with keys of their own, in one call per server; 0: dense.
  uint64_t dim = 0;
  double seconds = 1;
  int port = 9091;
  bool tuned_malloc = false;
};

void Configure(const Load& load, const char* role) {
  setenv("DMLC_NUM_SERVER", std::to_string(load.servers).c_str(), 1);
  setenv("DMLC_NUM_WORKER", std::to_string(load.workers).c_str(), 1);
  setenv("DMLC_PS_ROOT_URI", "127.0.0.1", 1);
  setenv("DMLC_PS_ROOT_PORT", std::to_string(load.port).c_str(), 1);
  setenv("DMLC_NODE_HOST", "127.0.0.1", 1);
  setenv("DMLC_ROLE", role, 1);
}

void Serve(const Load& load, Role* role) {
  ps::Start(0);
  ps::KVServer<float> server(0);
  std::unordered_map<ps::Key, ps::SArray<float>> weights;
  server.set_request_handle(
      [&](const ps::KVMeta& meta, const ps::KVPairs<float>& request, ps::KVServer<float>* self) {
        ps::KVPairs<float> reply;
        if (meta.pull) reply.keys = request.keys;
        const size_t keys = request.keys.size();
        if (keys == 1) {
          ps::SArray<float>& rows = weights[request.keys[0]];
          if (rows.empty()) rows.resize(load.key_bytes / sizeof(float), 1.0f);
          const size_t size = meta.push ? request.vals.size() : rows.size();
          for (size_t i = 0; meta.push && i < size; ++i) rows[i] -= kLearningRate * request.vals[i];
          if (meta.pull) {
            reply.vals = rows.segment(0, size);
            reply.lens = ps::SArray<int>{static_cast<int>(size)};
          }
          return self->Response(meta, reply);
        }
        const size_t dim = meta.push ? request.vals.size() / keys : static_cast<size_t>(meta.cmd);
        if (meta.pull) reply.vals.resize(keys * dim);
        for (size_t k = 0; k < keys; ++k) {
          ps::SArray<float>& row = weights[request.keys[k]];
          if (row.empty()) row.resize(dim, 1.0f);
          for (size_t i = 0; i < dim; ++i) {
            if (meta.push) row[i] -= kLearningRate * request.vals[k * dim + i];
            if (meta.pull) reply.vals[k * dim + i] = row[i];
          }
        }
        self->Response(meta, reply);
      });
  ps::Postoffice::Get()->Barrier(0, ps::kWorkerGroup + ps::kServerGroup);
  role->AwaitGo();
  role->AwaitStop();
  role->Finish();
}

void Schedule(Role* role) {
  ps::Start(0);
  role->AwaitGo();
  role->AwaitStop();
  role->Finish();
}

// One call: keys of one server.
struct Part {
  ps::SArray<ps::Key> keys;
  ps::SArray<float> gradient;
  ps::SArray<float> pulled;
  ps::SArray<int> lens;
};

std::vector<Part> DenseParts(const Load& load) {
  const auto& ranges = ps::Postoffice::Get()->GetServerKeyRanges();
  const uint64_t per_server = load.bytes / static_cast<uint64_t>(load.servers);
  std::vector<Part> parts;
  for (uint64_t done = 0, index = 0; done < per_server; ++index) {
    const uint64_t bytes = std::min(load.key_bytes, per_server - done);
    for (const ps::Range& range : ranges) {
      Part part;
      part.keys = ps::SArray<ps::Key>{range.begin() + index};
      part.gradient.resize(bytes / sizeof(float), 0.5f);
      part.pulled.resize(bytes / sizeof(float), 0.0f);
      part.lens = ps::SArray<int>{static_cast<int>(bytes / sizeof(float))};
      parts.push_back(part);
    }
    done += bytes;
  }
  return parts;
}

// Spread evenly over the servers, as by a hash.
std::vector<Part> SparseParts(const Load& load) {
  const uint64_t rows = load.bytes / 4 / load.dim;
  const ps::Key step = ps::kMaxKey / rows;
  Part part;
  for (uint64_t i = 0; i < rows; ++i) part.keys.push_back(i * step + static_cast<uint64_t>(rand()));
  part.gradient.resize(rows * load.dim, 0.5f);
  part.pulled.resize(rows * load.dim, 0.0f);
  return {part};
}

void Work(const Load& load, Role* role) {
  ps::Start(0);
  {
    ps::KVWorker<float> worker(0, 0);
    std::vector<Part> parts = load.dim > 0 ? SparseParts(load) : DenseParts(load);
    const int cmd = static_cast<int>(load.dim);
    const auto step = [&] {
      std::vector<int> calls;
      uint64_t bytes = 0;
      for (Part& part : parts) {
        const uint64_t size = part.gradient.size() * sizeof(float);
        if (load.step == "push") {
          calls.push_back(worker.ZPush(part.keys, part.gradient, {}, cmd));
        } else if (load.step == "pull") {
          calls.push_back(worker.ZPull(part.keys, &part.pulled, nullptr, cmd));
        } else {
          calls.push_back(worker.ZPushPull(part.keys, part.gradient, &part.pulled, nullptr, cmd));
        }
        bytes += load.step == "push-pull" ? 2 * size : size;
      }
      for (const int call : calls) worker.Wait(call);
      return bytes;
    };
    ps::Postoffice::Get()->Barrier(0, ps::kWorkerGroup + ps::kServerGroup);
    // The first push makes the weights.
    for (Part& part : parts) worker.Wait(worker.ZPush(part.keys, part.gradient, {}, cmd));
    role->AwaitGo();
    while (!role->stopped()) {
      const absl::Time start = absl::Now();
      const uint64_t bytes = step();
      if (!role->stopped()) role->Count(bytes, absl::Now() - start);
    }
    role->Finish();
  }
}

int Run(const Load& load) {
  if (load.tuned_malloc) KeepFreedMemory();
  RoleProcesses roles(1 + load.servers + load.workers);
  const auto start = [&](int index, const char* name, const std::function<void(Role*)>& body) {
    roles.Start(index, [&](Role* role) {
      Configure(load, name);
      body(role);
    });
  };
  start(0, "scheduler", Schedule);
  for (int i = 0; i < load.servers; ++i)
    start(1 + i, "server", [&](Role* role) { Serve(load, role); });
  for (int i = 0; i < load.workers; ++i) {
    start(1 + load.servers + i, "worker", [&](Role* role) { Work(load, role); });
  }
  roles.AwaitReady();
  const RunTotals totals = roles.Run(absl::Seconds(load.seconds));
  // Its own library prints to standard output too: the last line is ours.
  std::printf(
      "\n{\"seconds\": %.6f, \"bytes\": %llu, \"steps\": %llu, \"cpu_seconds\": %.6f, "
      "\"microseconds\": [",
      totals.seconds, static_cast<unsigned long long>(totals.bytes),
      static_cast<unsigned long long>(totals.steps), totals.cpu_seconds);
  constexpr int kPercentiles = 200;
  for (int i = 0; i < kPercentiles; ++i) {
    std::printf("%s%.1f", i == 0 ? "" : ", ",
                totals.Percentile(static_cast<double>(i) / kPercentiles));
  }
  std::printf("]}\n");
  return 0;
}

}  // namespace
}  // namespace paceline::bench

int main(int argc, char** argv) {
  paceline::bench::Load load;
  CLI::App app("ps-lite under the load of data_plane_bench");
  app.add_option("--step", load.step, "push, pull or push-pull");
  app.add_option("--servers", load.servers, "");
  app.add_option("--workers", load.workers, "");
  app.add_option("--bytes", load.bytes, "of a step, over all servers");
  app.add_option("--key-bytes", load.key_bytes, "of one key, whose calls are outstanding together");
  app.add_option("--dim", load.dim, "sparse rows of so many floats");
  app.add_option("--seconds", load.seconds, "");
  app.add_option("--port", load.port, "of its scheduler");
  app.add_flag("--tuned-malloc", load.tuned_malloc, "memory that was freed is kept");
  CLI11_PARSE(app, argc, argv);
  return paceline::bench::Run(load);
}
