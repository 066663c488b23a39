#include "worker/core/task/residuals.h"

#include <utility>

#include "common/check.h"
#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"

namespace paceline::worker {
namespace {

void Add(absl::Span<const float> from, std::vector<float>* to) {
  for (size_t i = 0; i < from.size(); ++i) (*to)[i] += from[i];
}

}  // namespace

bool Residuals::Begin(uint64_t timeline, uint64_t iteration) {
  if (timeline_ == timeline) return false;
  timeline_ = timeline;
  shards_.clear();
  return iteration > 0;
}

Residuals::Shard& Residuals::ShardAt(uint32_t number, uint64_t iteration) {
  Shard& shard = shards_[number];
  // Undone without another timeline: what is here is of iterations that will be done anew.
  if (shard.iteration.has_value() && iteration < *shard.iteration) shard = Shard();
  return shard;
}

EncodedShard Residuals::Encode(const ResidualRule& rule, uint32_t number, uint64_t iteration,
                               absl::Span<const float> gradient) {
  Shard& shard = ShardAt(number, iteration);
  if (shard.iteration == iteration) return shard.sent;
  shard.iteration = iteration;
  Take(rule, gradient, &shard);
  shard.sent = rule.codec == v1::CODEC_TOPK ? EncodeTopK(rule, &shard) : EncodeOneBit(&shard);
  return shard.sent;
}

EncodedShard Residuals::Flush(const ResidualRule& rule, uint32_t number, uint64_t iteration,
                              absl::Span<const float> gradient) {
  Shard& shard = ShardAt(number, iteration);
  if (shard.iteration == iteration) return shard.sent;
  if (gradient.empty() && shard.residual.empty()) return {};
  shard.iteration = iteration;
  if (!gradient.empty()) Take(rule, gradient, &shard);
  // As in a new task: one that starts after the flush does what this one does.
  const std::vector<float> residual = std::exchange(shard.residual, {});
  shard.velocity.clear();
  const auto* const bytes = reinterpret_cast<const char*>(residual.data());
  shard.sent = {
      .codec = v1::CODEC_FLOAT32,
      .bytes = std::make_shared<const std::string>(bytes, residual.size() * sizeof(float)),
      .kept = 0};
  return shard.sent;
}

void Residuals::Take(const ResidualRule& rule, absl::Span<const float> gradient, Shard* shard) {
  if (shard->residual.empty()) shard->residual.resize(gradient.size());
  PL_CHECK_EQ(shard->residual.size(), gradient.size());
  if (rule.codec == v1::CODEC_TOPK && rule.momentum > 0) {
    shard->velocity.resize(gradient.size());
    const auto momentum = static_cast<float>(rule.momentum);
    for (size_t i = 0; i < gradient.size(); ++i) {
      shard->velocity[i] = momentum * shard->velocity[i] + gradient[i];
    }
    Add(shard->velocity, &shard->residual);
  } else {
    Add(gradient, &shard->residual);
  }
}

EncodedShard Residuals::EncodeTopK(const ResidualRule& rule, Shard* shard) {
  const absl::Span<const uint32_t> indices =
      top_k_.Select(shard->residual, TopKCount(rule.ratio, shard->residual.size()));
  auto bytes = std::make_shared<std::string>(IndexedBytes(indices.size()), '\0');
  WriteIndexed(shard->residual, indices, bytes->data());
  for (const uint32_t index : indices) shard->residual[index] = 0;
  if (!shard->velocity.empty()) {
    for (const uint32_t index : indices) shard->velocity[index] = 0;
  }
  return {.codec = v1::CODEC_TOPK, .bytes = std::move(bytes), .kept = indices.size()};
}

EncodedShard Residuals::EncodeOneBit(Shard* shard) {
  const uint64_t values = shard->residual.size();
  auto bytes = std::make_shared<std::string>(EncodedBytes(v1::CODEC_ONEBIT, values), '\0');
  paceline::Encode(v1::CODEC_ONEBIT, shard->residual, bytes->data());
  decoded_.resize(values);
  Decode(v1::CODEC_ONEBIT, bytes->data(), absl::MakeSpan(decoded_));
  for (uint64_t i = 0; i < values; ++i) shard->residual[i] -= decoded_[i];
  return {.codec = v1::CODEC_ONEBIT, .bytes = std::move(bytes), .kept = 0};
}

bool Residuals::Holds(uint32_t shard, uint64_t iteration) const {
  const auto found = shards_.find(shard);
  return found != shards_.end() && found->second.iteration == iteration;
}

uint64_t Residuals::bytes() const {
  uint64_t floats = 0;
  for (const auto& [number, shard] : shards_) {
    floats += shard.residual.size() + shard.velocity.size();
  }
  return floats * sizeof(float);
}

}  // namespace paceline::worker
