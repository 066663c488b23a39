#include "scheduler/loopback_node.h"

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/rpc/channel.h"
#include "common/safetensors.h"
#include "common/xxh3/xxh3.h"

namespace paceline::scheduler {
namespace {

// Waits for the scheduler, so that a restart of it shows as a slow call.
void Prepare(grpc::ClientContext* context) {
  context->set_wait_for_ready(true);
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
}

}  // namespace

LoopbackNode::LoopbackNode(const std::string& scheduler, FakeNode node, uint64_t records)
    : stub_(v1::Coordination::NewStub(MakeChannel(scheduler, grpc::InsecureChannelCredentials()))),
      records_(records),
      node_(std::move(node)),
      thread_([this] { Beat(); }) {}

LoopbackNode::~LoopbackNode() { Stop(); }

void LoopbackNode::Stop() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

bool LoopbackNode::stopped() {
  MutexLock lock(&mu_);
  return stop_;
}

void LoopbackNode::With(const std::function<void(FakeNode&)>& look) {
  MutexLock lock(&mu_);
  look(node_);
}

bool LoopbackNode::Await(const std::function<bool(const FakeNode&)>& condition) {
  RealClock clock;
  MutexLock lock(&mu_);
  return clock.Await(&mu_, &changed_, clock.Monotonic() + absl::Minutes(1),
                     [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return condition(node_); });
}

void LoopbackNode::Beat() {
  while (!stopped()) {
    v1::HeartbeatRequest request;
    {
      MutexLock lock(&mu_);
      node_.report.set_sequence(node_.report.sequence() + 1);
      request = node_.report;
    }
    v1::HeartbeatResponse response;
    grpc::ClientContext context;
    Prepare(&context);
    if (!stub_->Heartbeat(&context, request, &response).ok()) continue;
    MutexLock lock(&mu_);
    node_.Heed(response);
    changed_.NotifyAll();
    for (const auto& [key, task] : node_.tasks) {
      const Life life = {key, task.report.incarnation()};
      if (task_threads_.contains(life)) continue;
      task_threads_[life] = std::thread([this, life] { RunTask(life.first, life.second); });
    }
  }
  for (auto& [life, thread] : task_threads_) thread.join();
}

void LoopbackNode::RunTask(TaskKey key, uint64_t incarnation) {
  while (true) {
    v1::SyncTaskRequest request;
    {
      MutexLock lock(&mu_);
      const auto it = node_.tasks.find(key);
      if (stop_ || it == node_.tasks.end() || it->second.exited ||
          it->second.report.incarnation() != incarnation) {
        return;
      }
      it->second.report.set_sequence(it->second.report.sequence() + 1);
      request = it->second.report;
    }
    v1::SyncTaskResponse response;
    grpc::ClientContext context;
    Prepare(&context);
    if (!stub_->SyncTask(&context, request, &response).ok()) continue;
    MutexLock lock(&mu_);
    const auto it = node_.tasks.find(key);
    if (it == node_.tasks.end() || it->second.report.incarnation() != incarnation) return;
    it->second.Heed(response, records_);
    node_.ReportExits();
    changed_.NotifyAll();
  }
}

std::function<void(const v1::ServerJobOrder&, v1::CutReport*)> CutOfOnes(FileSystem* fs,
                                                                         std::string node) {
  return [fs, node = std::move(node)](const v1::ServerJobOrder& order, v1::CutReport* report) {
    PL_CHECK_OK(fs->CreateDirs(order.cut().dir()));
    for (const v1::ShardSpec& shard : order.map().shards()) {
      if (order.map().servers(static_cast<int>(shard.server())).address() != node) continue;
      const uint64_t dim = order.map().tables(static_cast<int>(shard.table())).dim();
      const std::string name = absl::StrCat("shard-", shard.shard(), ".safetensors");
      const std::string path = JoinPath(order.cut().dir(), name);
      const std::vector<float> ones(shard.rows() * dim, 1.0f);
      auto writer =
          SafetensorsWriter::Create(*fs, path, {{"rows", DType::kF32, {shard.rows(), dim}}}, {});
      PL_CHECK_OK(writer.status());
      PL_CHECK_OK((*writer)->Append(
          "rows", {reinterpret_cast<const char*>(ones.data()), ones.size() * sizeof(float)}));
      PL_CHECK_OK((*writer)->Finish());
      const absl::StatusOr<std::string> bytes = ReadFile(*fs, path);
      PL_CHECK_OK(bytes.status());
      v1::CutFile* file = report->add_files();
      file->set_name(name);
      file->set_shard(shard.shard());
      file->set_bytes(bytes->size());
      file->set_xxh3(Xxh3Hex(*bytes));
      for (const uint32_t crc : (*writer)->block_crc32c()) file->add_block_crc32c(crc);
    }
  };
}

}  // namespace paceline::scheduler
