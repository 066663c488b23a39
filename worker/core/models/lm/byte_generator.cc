#include "worker/core/models/lm/byte_generator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "common/check.h"
#include "worker/core/models/lm/lm_network.h"
#include "worker/core/models/lm/lm_pass.h"
#include "worker/core/models/lm/lm_shape.h"

namespace paceline::worker {

uint8_t ChooseByte(absl::Span<const float> logits, const ByteChoice& choice, double uniform) {
  PL_CHECK_EQ(logits.size(), kByteValues);
  std::array<uint8_t, kByteValues> bytes;
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  std::stable_sort(bytes.begin(), bytes.end(),
                   [&](uint8_t a, uint8_t b) { return logits[a] > logits[b]; });
  if (choice.temperature == 0) return bytes[0];
  const size_t kept = choice.top_k == 0 ? kByteValues : std::min<size_t>(choice.top_k, kByteValues);
  std::array<double, kByteValues> weights;
  double sum = 0;
  for (size_t i = 0; i < kept; ++i) {
    const double below = double{logits[bytes[i]]} - logits[bytes[0]];
    weights[i] = std::exp(below / choice.temperature);
    sum += weights[i];
  }
  double left = uniform * sum;
  for (size_t i = 0; i < kept; ++i) {
    left -= weights[i];
    if (left < 0) return bytes[i];
  }
  return bytes[0];
}

struct ByteGenerator::State {
  State(const LmShape& lm, Parameters rows) : shape(lm), parameters(std::move(rows)), network(lm) {}

  const LmShape shape;
  const Parameters parameters;
  LmNetwork network;
};

ByteGenerator::ByteGenerator(const v1::LmSpec& lm, Parameters parameters)
    : state_(std::make_unique<State>(LmShape::FromSpec(lm), std::move(parameters))) {
  PL_CHECK_EQ(state_->parameters.size(), static_cast<size_t>(state_->shape.Tables()));
}

ByteGenerator::~ByteGenerator() = default;

uint8_t ByteGenerator::Next(absl::string_view text, const ByteChoice& choice, double uniform) {
  PL_CHECK(!text.empty());
  const uint64_t length = std::min<uint64_t>(text.size(), state_->shape.context);
  const absl::string_view seen = text.substr(text.size() - length);
  const std::vector<uint8_t> bytes(seen.begin(), seen.end());
  state_->network.Forward(bytes,
                          {.sequences = 1, .length = length, .parameters = &state_->parameters});
  const std::vector<float>& logits = state_->network.logits();
  return ChooseByte(absl::MakeSpan(logits).subspan((length - 1) * kByteValues), choice, uniform);
}

}  // namespace paceline::worker
