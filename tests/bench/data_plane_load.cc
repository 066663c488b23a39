#include "tests/bench/data_plane_load.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/rpc/channel.h"
#include "server/core/job_testing.h"
#include "server/core/server_state.h"
#include "server/io/data_plane.h"
#include "server/io/shared_arenas.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/bench_rank.h"

namespace paceline::bench {
namespace {

constexpr uint64_t kFoldBytes = uint64_t{1} << 30;

v1::ServerJobOrder Order(const DataPlaneLoad& load) {
  const bool sparse = load.keys > 0;
  v1::TableSpec table = sparse ? server::testing::SparseTable("t", load.dim, load.optimizer)
                               : server::testing::DenseTable("t", load.table_bytes / 4 / load.dim,
                                                             load.dim, load.optimizer);
  table.mutable_optimizer()->set_learning_rate(0.001);
  std::vector<v1::TableSpec> tables;
  for (int i = 0; i < load.tables; ++i) {
    table.set_name(absl::StrFormat("t%02d", i));
    tables.push_back(table);
  }
  return server::testing::ServeOrder({.policy = load.policy, .staleness = 0},
                                     static_cast<uint32_t>(load.ranks), tables,
                                     static_cast<uint32_t>(load.servers));
}

void Serve(const DataPlaneLoad& load, const v1::ServerJobOrder& order, int index, Role* role) {
  if (load.bare) return ServeBare(order.map(), role);
  RealClock clock;
  server::ServerState state;
  server::DataPlaneStats stats;
  const server::testing::OpenedJob opened =
      server::testing::OpenJob(order, static_cast<uint32_t>(index), kFoldBytes);
  const std::vector<server::ServerCommand> commands =
      state.Heed(order, 1 + static_cast<uint64_t>(index), server::testing::kNodeIncarnation);
  PL_CHECK(state.Opened(server::testing::kJob,
                        std::get<server::OpenCommand>(commands.at(0)).attempt, opened.job));
  std::unique_ptr<server::SharedArenas> arenas;
  if (load.shared_memory) arenas = std::make_unique<server::SharedArenas>();
  server::DataPlane data_plane(
      {.clock = &clock, .state = &state, .stats = &stats, .arenas = arenas.get(), .threads = 2});
  grpc::ServerBuilder builder;
  ApplyServerDefaults(&builder);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  data_plane.Register(&builder);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  PL_CHECK(server != nullptr);
  data_plane.Start();
  role->SetPort(port);
  role->AwaitGo();
  role->AwaitStop();
  role->Finish();
}

}  // namespace

RunTotals RunDataPlane(const DataPlaneLoad& load) {
  const v1::ServerJobOrder order = Order(load);
  RoleProcesses roles(load.servers + load.ranks);
  for (int server = 0; server < load.servers; ++server) {
    roles.Start(server, [&](Role* role) { Serve(load, order, server, role); });
  }
  for (int rank = 0; rank < load.ranks; ++rank) {
    roles.Start(load.servers + rank, [&](Role* role) {
      PlayRank(load, order.map(), static_cast<uint32_t>(rank), role);
    });
  }
  roles.AwaitReady();
  return roles.Run(load.time);
}

}  // namespace paceline::bench
