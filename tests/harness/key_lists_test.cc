// Key lists between real clients and servers: a rank's calls, and whole jobs.
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/random.h"
#include "common/refusal/refusal.h"
#include "common/rpc/fault_injector.h"
#include "common/status/status_matchers.h"
#include "server/io/loopback_server.h"
#include "tests/harness/harness.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"
#include "worker/core/task/shard_layout.h"
#include "worker/io/net/grpc_data_client.h"
#include "worker/io/net/key_list_client.h"

namespace paceline {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

// Rank 0 of two at a real server; rank 1 pushes nothing.
class Rank {
 public:
  Rank()
      : server_({server::testing::SparseTable("s", 2)}),
        layout_(*worker::ShardLayout::Create(
            server_.job().map(), std::vector<v1::TableSpec>(server_.job().map().tables().begin(),
                                                            server_.job().map().tables().end()))),
        client_(worker::WithKeyLists(worker::MakeGrpcDataClient({server_.address()}), 1)) {
    server_.OpenRanks();
    std::set<uint64_t> keys;
    for (uint64_t i = 0; i < 10'000; ++i) keys.insert(RandomBelow(1 << 20, 5, 1, i));
    keys_.assign(keys.begin(), keys.end());
  }

  server::ServerJob& job() { return server_.job(); }
  uint64_t received() { return server_.stats().received_bytes(); }
  size_t keys() const { return keys_.size(); }

  // Ones for all keys; then rank 1's part of the round.
  absl::Status Push(uint64_t t) {
    worker::PushPlan plan(&layout_, Context(0, t), {.target = uint64_t{64} << 20});
    const auto gradient = std::make_shared<worker::TableRows>(
        worker::TableRows{keys_, worker::TensorFloats(2 * keys_.size(), 1.0f)});
    std::vector<worker::PushFrame> frames;
    REQUIRE_OK(plan.Add(0, gradient, &frames));
    plan.Finish(&frames);
    worker::PushPlan(&layout_, Context(1, t)).Finish(&frames);
    for (const worker::PushFrame& frame : frames) {
      std::promise<absl::Status> end;
      client_->Push(frame, kTimeout, [&](const auto& answer) { end.set_value(answer.status()); });
      const absl::Status status = end.get_future().get();
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Reads `value` in all rows.
  absl::Status Pull(uint64_t t, float value) {
    worker::Parameters parameters;
    worker::ShapeParameters(layout_, {keys_}, &parameters);
    worker::PullHeader header;
    header.context = Context(0, t);
    header.max_wait_ms = 10'000;
    REQUIRE_OK_AND_ASSIGN(
        const std::vector<worker::PullFrame> frames,
        worker::PlanPull(layout_, header, parameters, {}, {.target = uint64_t{64} << 20}));
    for (const worker::PullFrame& frame : frames) {
      std::promise<absl::StatusOr<worker::PullReply>> end;
      client_->Pull(frame, kTimeout, [&](auto answer) { end.set_value(std::move(answer)); });
      absl::StatusOr<worker::PullReply> reply = end.get_future().get();
      if (!reply.ok()) return reply.status();
      REQUIRE_OK(worker::Scatter(
          layout_, frame, reply->header, reply->payload->size(),
          [&](void* to, size_t size) { return reply->payload->Read(to, size); }, &parameters));
    }
    CHECK(parameters[0].rows == worker::TensorFloats(2 * keys_.size(), value));
    return absl::OkStatus();
  }

  void ServerForgets() {
    REQUIRE_OK(server_.job().OpenRank(server::testing::Context(0, 1, 0)).status());
  }

 private:
  static v1::RequestContext Context(uint32_t rank, uint64_t t) {
    return server::testing::Context(rank, 1, t);
  }

  server::Loopback server_;
  const worker::ShardLayout layout_;
  const std::unique_ptr<worker::DataClient> client_;
  std::vector<uint64_t> keys_;
};

TEST_CASE("a real server takes and gives rows by the names of their keys") {
  Rank rank;
  REQUIRE_OK(rank.Pull(0, 0));
  const uint64_t with_keys = rank.received();
  CHECK(with_keys == 8 * rank.keys());
  REQUIRE_OK(rank.Push(0));
  // The values alone.
  CHECK(rank.received() - with_keys == 8 * rank.keys());
  REQUIRE_OK(rank.Pull(1, 1));
  CHECK(rank.received() - with_keys == 8 * rank.keys());
  CHECK(rank.job().key_list_hits() == 2 * 64);

  rank.ServerForgets();
  CHECK(RefusalKindOf(rank.Push(1)) == v1::Refusal::UNKNOWN_KEY_LIST);
  REQUIRE_OK(rank.Push(1));
  rank.ServerForgets();
  CHECK(RefusalKindOf(rank.Pull(2, 2)) == v1::Refusal::UNKNOWN_KEY_LIST);
  // The client has been told twice in a row: one call with keys, then it trusts again.
  REQUIRE_OK(rank.Pull(2, 2));
  REQUIRE_OK(rank.Pull(2, 2));
  CHECK(rank.job().key_list_hits() == 3 * 64);
}

// Records of 80 features out of 20,000.
std::string WriteSparse(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/sparse.libsvm");
  std::ofstream out(path);
  for (uint64_t record = 0; record < 400; ++record) {
    std::set<uint64_t> features;
    for (uint64_t i = 0; i < 80; ++i) features.insert(1 + RandomBelow(20'000, 3, record, i));
    out << record % 2;
    for (const uint64_t feature : features) out << " " << feature << ":1";
    out << "\n";
  }
  return path;
}

v1::JobSpec Fm(const std::string& data) {
  v1::JobSpec spec;
  spec.set_name("fm");
  spec.mutable_model()->set_kind(v1::MODEL_KIND_FM);
  spec.mutable_data()->mutable_train()->set_path(data);
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_LIBSVM);
  // Batches of more than 64 keys in each of the 64 buckets.
  spec.mutable_train()->set_global_batch(400);
  spec.mutable_train()->set_epochs(6);
  spec.mutable_train()->mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAGRAD);
  spec.mutable_train()->mutable_optimizer()->set_learning_rate(0.05);
  spec.mutable_consistency()->set_policy(v1::POLICY_BSP);
  spec.mutable_resources()->set_workers(2);
  spec.mutable_resources()->set_servers(2);
  return spec;
}

struct Outcome {
  std::string sha256;
  double pushed = 0;
};

Outcome RunFm(bool key_lists, const RpcFaultSpec& faults) {
  Harness harness(/*servers=*/2, /*workers=*/2, /*slots=*/1, faults, key_lists);
  const v1::Job job = harness.Run(Fm(WriteSparse(harness.folder())));
  INFO(job.ShortDebugString());
  REQUIRE(job.state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(job.summary().iterations() == 12);
  return {job.summary().parameters_sha256(), job.summary().bytes_pushed()};
}

TEST_CASE("a sparse job ends with the same bytes with and without key lists, and pushes less") {
  const Outcome without = RunFm(/*key_lists=*/false, {});
  const Outcome with = RunFm(/*key_lists=*/true, {});
  CHECK(with.sha256 == without.sha256);
  // 4 and 32 bytes of values for each 8 of a key, in all but the smallest buckets.
  CHECK(with.pushed / without.pushed < 0.8);
  const RpcFaultSpec faults = {
      .seed = 3, .methods = {{"*", {.lose_request = 50, .lose_reply = 50, .duplicate = 100}}}};
  CHECK(RunFm(/*key_lists=*/true, faults).sha256 == without.sha256);
}

}  // namespace
}  // namespace paceline
