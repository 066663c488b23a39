// The servers' side.
#include <algorithm>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/refusal/refusal.h"
#include "worker/io/task/fake_cluster.h"

namespace paceline::worker {
namespace {

std::string Bytes(const FramePayload& payload) {
  std::string bytes;
  for (const PayloadPiece& piece : payload) bytes.append(piece.data, piece.size);
  return bytes;
}

absl::Status Refuse(v1::Refusal::Kind kind, const std::string& message) {
  v1::Refusal refusal;
  refusal.set_kind(kind);
  return RefusalStatus(refusal, message);
}

class StringPayload final : public ReceivedPayload {
 public:
  explicit StringPayload(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  bool Read(void* to, size_t size) override {
    if (bytes_.size() - at_ < size) return false;
    std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
    return true;
  }

 private:
  const std::string bytes_;
  size_t at_ = 0;
};

}  // namespace

class FakeCluster::Data final : public DataClient {
 public:
  explicit Data(FakeCluster* cluster) : cluster_(cluster) {}

  void OpenRank(uint32_t server, const v1::RequestContext& context, absl::Duration,
                Done<v1::OpenRankResponse> done) override {
    Serve<v1::OpenRankResponse>(
        "OpenRank", context, done,
        [&](v1::OpenRankResponse* response) ABSL_NO_THREAD_SAFETY_ANALYSIS {
          response->set_progress(UINT64_MAX);
          response->set_finished(true);
          for (Shard& shard : cluster_->shards_) {
            if (shard.spec.server() != server) continue;
            response->set_progress(std::min(response->progress(), shard.progress[context.rank()]));
            response->set_finished(response->finished() && shard.finished[context.rank()]);
          }
          return absl::OkStatus();
        });
  }

  void Push(const PushFrame& frame, absl::Duration, Done<v1::PushResponse> done) override {
    const v1::RequestContext& context = frame.header.context();
    Serve<v1::PushResponse>(
        "Push", context, done, [&](v1::PushResponse* response) ABSL_NO_THREAD_SAFETY_ANALYSIS {
          const std::string bytes = Bytes(frame.payload);
          size_t at = 0;
          for (const v1::PushBlock& block : frame.header.blocks()) {
            Shard& shard = cluster_->shards_[block.shard()];
            PL_CHECK_EQ(shard.spec.server(), frame.server);
            const absl::Status taken = Take(&shard, context, block.rows(), bytes, &at, response);
            if (!taken.ok()) return taken;
          }
          if (!frame.header.last_frame()) return absl::OkStatus();
          for (Shard& shard : cluster_->shards_) {
            if (shard.spec.server() != frame.server) continue;
            const auto& touched = frame.header.touched();
            if (frame.header.finish()) {
              shard.finished[context.rank()] = true;
            } else if (std::find(touched.begin(), touched.end(), shard.spec.shard()) ==
                       touched.end()) {
              if (shard.progress[context.rank()] == context.iteration()) {
                ++shard.progress[context.rank()];
              }
            }
          }
          return absl::OkStatus();
        });
  }

  void Pull(const PullFrame& frame, absl::Duration, Done<PullReply> done) override {
    Serve<PullReply>(
        "Pull", frame.header.context(), done, [&](PullReply* reply) ABSL_NO_THREAD_SAFETY_ANALYSIS {
          const std::string keys = Bytes(frame.payload);
          size_t at = 0;
          std::string payload;
          for (const v1::PullBlock& block : frame.header.blocks()) {
            Shard& shard = cluster_->shards_[block.shard()];
            v1::PulledBlock* pulled = reply->header.add_blocks();
            pulled->set_shard(block.shard());
            pulled->set_codec(block.codec());
            pulled->set_version(frame.header.context().iteration());
            if (Dim(shard) > 0 && !Sparse(shard)) {
              pulled->set_rows(shard.spec.rows());
              payload.append(reinterpret_cast<const char*>(shard.dense.data()),
                             shard.dense.size() * sizeof(float));
              continue;
            }
            pulled->set_rows(block.keys());
            for (uint64_t i = 0; i < block.keys(); ++i, at += sizeof(uint64_t)) {
              uint64_t key = 0;
              std::memcpy(&key, keys.data() + at, sizeof(key));
              const auto found = shard.sparse.find(key);
              const std::vector<float> row =
                  found == shard.sparse.end() ? std::vector<float>(Dim(shard)) : found->second;
              payload.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
            }
          }
          reply->payload = std::make_unique<StringPayload>(std::move(payload));
          return absl::OkStatus();
        });
  }

  // The pin is the number that the rank gave it.
  void Pin(uint32_t server, const v1::PinRequest& request, absl::Duration,
           Done<v1::PinResponse> done) override {
    Serve<v1::PinResponse>("Pin", request.context(), done,
                           [&](v1::PinResponse* response) ABSL_NO_THREAD_SAFETY_ANALYSIS {
                             cluster_->pins_.emplace(server, request.number());
                             response->set_pin(request.number());
                             return absl::OkStatus();
                           });
  }

  void Unpin(uint32_t server, const v1::UnpinRequest& request, absl::Duration,
             Done<v1::UnpinResponse> done) override {
    Serve<v1::UnpinResponse>("Unpin", request.context(), done,
                             [&](v1::UnpinResponse*) ABSL_NO_THREAD_SAFETY_ANALYSIS {
                               cluster_->pins_.erase({server, request.pin()});
                               return absl::OkStatus();
                             });
  }

  void CancelAll() override {}

 private:
  template <typename Response>
  void Serve(const char* method, const v1::RequestContext& context, const Done<Response>& done,
             const std::function<absl::Status(Response*)>& serve) {
    Fault fault;
    if (cluster_->inject_ != nullptr) fault = cluster_->inject_(method, context);
    Response response;
    absl::Status status = fault.status;
    if (fault.status.ok() || fault.lose_reply) {
      MutexLock lock(&cluster_->mu_);
      const absl::Status served = serve(&response);
      if (status.ok()) status = served;
    }
    if (status.ok()) {
      done(std::move(response));
    } else {
      done(status);
    }
  }

  const v1::TableSpec& Table(const Shard& shard) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return cluster_->map_.tables(static_cast<int>(shard.spec.table()));
  }
  uint32_t Dim(const Shard& shard) const { return Table(shard).dim(); }
  bool Sparse(const Shard& shard) const { return Table(shard).kind() == v1::TABLE_KIND_SPARSE; }

  // Adds one block; sgd tables step against the gradient.
  absl::Status Take(Shard* shard, const v1::RequestContext& context, uint64_t rows,
                    const std::string& bytes, size_t* at, v1::PushResponse* response) {
    const size_t dim = Dim(*shard);
    const size_t key_bytes = Sparse(*shard) ? rows * sizeof(uint64_t) : 0;
    const char* keys = bytes.data() + *at;
    const char* values = keys + key_bytes;
    *at += key_bytes + rows * dim * sizeof(float);
    PL_CHECK_LE(*at, bytes.size());
    uint64_t& progress = shard->progress[context.rank()];
    if (context.iteration() < progress) {
      response->set_duplicates(response->duplicates() + 1);
      return absl::OkStatus();
    }
    if (context.iteration() > progress) return Refuse(v1::Refusal::OUT_OF_ORDER, "out of order");
    ++progress;
    ++shard->applied[context.rank()];
    const v1::OptimizerSpec& optimizer = Table(*shard).optimizer();
    const float step = optimizer.kind() == v1::OPTIMIZER_KIND_ADD
                           ? 1.0f
                           : -static_cast<float>(optimizer.learning_rate());
    for (uint64_t i = 0; i < rows; ++i) {
      float* to = nullptr;
      if (Sparse(*shard)) {
        uint64_t key = 0;
        std::memcpy(&key, keys + i * sizeof(key), sizeof(key));
        std::vector<float>& row = shard->sparse[key];
        row.resize(dim);
        to = row.data();
      } else {
        to = shard->dense.data() + i * dim;
      }
      for (size_t d = 0; d < dim; ++d) {
        float g = 0;
        std::memcpy(&g, values + (i * dim + d) * sizeof(float), sizeof(g));
        to[d] += step * g;
      }
    }
    return absl::OkStatus();
  }

  FakeCluster* const cluster_;
};

DataClientFactory FakeCluster::data_client() {
  return [this](const std::vector<std::string>& addresses) {
    PL_CHECK_EQ(addresses.size(), servers_);
    return std::make_unique<Data>(this);
  };
}

std::vector<float> FakeCluster::Dense(const std::string& table) const {
  std::vector<float> values;
  MutexLock lock(&mu_);
  for (const Shard& shard : shards_) {
    if (map_.tables(static_cast<int>(shard.spec.table())).name() != table) continue;
    values.insert(values.end(), shard.dense.begin(), shard.dense.end());
  }
  return values;
}

size_t FakeCluster::SparseKeys(const std::string& table) const {
  size_t keys = 0;
  MutexLock lock(&mu_);
  for (const Shard& shard : shards_) {
    if (map_.tables(static_cast<int>(shard.spec.table())).name() == table) {
      keys += shard.sparse.size();
    }
  }
  return keys;
}

std::pair<uint64_t, uint64_t> FakeCluster::Applied(uint32_t rank) const {
  std::pair<uint64_t, uint64_t> range = {UINT64_MAX, 0};
  MutexLock lock(&mu_);
  for (const Shard& shard : shards_) {
    const auto found = shard.applied.find(rank);
    const uint64_t applied = found == shard.applied.end() ? 0 : found->second;
    range = {std::min(range.first, applied), std::max(range.second, applied)};
  }
  return range;
}

uint64_t FakeCluster::open_pins() const {
  MutexLock lock(&mu_);
  return pins_.size();
}

}  // namespace paceline::worker
