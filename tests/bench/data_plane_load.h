// The product's data plane under load: server processes that hold one job, and rank
// processes that push and pull as a task does, with every check that a task meets.
//
// A step is what a rank does in an iteration. Ranks use the task's own plans, calls and
// client; there is no model and no scheduler.
#ifndef PACELINE_TESTS_BENCH_DATA_PLANE_LOAD_H_
#define PACELINE_TESTS_BENCH_DATA_PLANE_LOAD_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "proto/job.pb.h"
#include "tests/bench/role_processes.h"

namespace paceline::bench {

struct DataPlaneLoad {
  enum class Step { kPush, kPull, kPushPull };
  Step step = Step::kPushPull;
  int servers = 2;
  int ranks = 2;
  v1::Policy policy = v1::POLICY_ASP;
  v1::OptimizerKind optimizer = v1::OPTIMIZER_KIND_SGD;
  int tables = 1;
  // Of each table. dense: bytes of all weights. sparse: bytes of the rows that a step touches.
  uint64_t table_bytes = uint64_t{16} << 20;
  // Not 0: a sparse table with rows of `dim` floats, of which each step touches
  // table_bytes / (4 * dim), drawn from `keys`.
  uint64_t keys = 0;
  uint32_t dim = 1024;
  // Payloads go through memory instead of sockets.
  bool shared_memory = false;
  // Keys that servers remember are not sent again.
  bool key_lists = true;
  // Servers without guarantees (bare_server.h); pushes of dense tables only.
  bool bare = false;
  // A frame is closed before it would grow beyond this.
  uint64_t frame_bytes = uint64_t{4} << 20;
  // Calls to one server at once.
  uint32_t outstanding = 4;
  absl::Duration time = absl::Seconds(1);
};

// Counts the payload that was pushed and pulled, both ways.
RunTotals RunDataPlane(const DataPlaneLoad& load);

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_DATA_PLANE_LOAD_H_
