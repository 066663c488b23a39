// Compiled without contraction of a*b+c (see the target's copts).
#include "cli/datagen/linear_generator.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "cli/datagen/decimal.h"
#include "common/hash.h"
#include "common/random.h"

namespace paceline::cli {
namespace {

enum Stream : uint64_t { kWeight = 200, kBias, kFeature, kValue, kNoise };

constexpr int kDataDecimals = 4;
constexpr int kModelDecimals = 6;

}  // namespace

LinearGenerator::LinearGenerator(const LinearOptions& options)
    : options_(options),
      nonzeros_(options.csv || options.nonzeros == 0 ? options.features : options.nonzeros) {}

absl::StatusOr<std::unique_ptr<Generator>> LinearGenerator::Create(const LinearOptions& options) {
  std::unique_ptr<LinearGenerator> generator(new LinearGenerator(options));
  if (generator->nonzeros_ > options.features) {
    return absl::InvalidArgumentError(
        absl::StrCat("--nonzeros: at most --features = ", options.features, " expected, got ",
                     options.nonzeros));
  }
  if (generator->nonzeros_ > kMaxLinearNonzeros) {
    return absl::InvalidArgumentError(
        absl::StrCat("--features: at most ", kMaxLinearNonzeros,
                     " expected where a record has a value of each, got ", options.features));
  }
  return generator;
}

double LinearGenerator::Weight(uint64_t feature) const {
  return RoundDecimal(
      RandomNormal(options_.seed, kWeight, feature) / std::sqrt(static_cast<double>(nonzeros_)),
      kModelDecimals);
}

double LinearGenerator::Bias() const {
  return RoundDecimal(RandomNormal(options_.seed, kBias, 0), kModelDecimals);
}

void LinearGenerator::Append(uint64_t record, std::string* text, std::string* truth) {
  double y = Bias();
  values_.clear();
  const uint64_t row_seed = MixBits(options_.seed, record);
  for (uint64_t k = 0; k < nonzeros_; ++k) {
    const uint64_t first = k * options_.features / nonzeros_;
    const uint64_t end = (k + 1) * options_.features / nonzeros_;
    const uint64_t feature = first + RandomBelow(end - first, row_seed, kFeature, k);
    const double x = RoundDecimal(RandomNormal(row_seed, kValue, feature), kDataDecimals);
    y += Weight(feature) * x;
    if (!options_.csv) absl::StrAppend(&values_, " ", feature + 1, ":");
    AppendDecimal(x, kDataDecimals, &values_);
    if (options_.csv) values_.push_back(',');
  }
  const double label =
      RoundDecimal(y + options_.sigma * RandomNormal(row_seed, kNoise, 0), kDataDecimals);
  ++count_;
  squares_ += (label - y) * (label - y);
  if (options_.csv) text->append(values_);
  AppendDecimal(label, kDataDecimals, text);
  if (!options_.csv) text->append(values_);
  text->push_back('\n');
  if (truth == nullptr) return;
  AppendDecimal(y, 6, truth);
  truth->push_back('\n');
}

Facts LinearGenerator::facts() const {
  return {{"noise_rmse", std::sqrt(squares_ / static_cast<double>(count_))}};
}

std::string LinearGenerator::Model() const {
  std::string text;
  AppendDecimal(Bias(), kModelDecimals, &text);
  for (uint64_t feature = 0; feature < options_.features; ++feature) {
    text.push_back('\n');
    AppendDecimal(Weight(feature), kModelDecimals, &text);
  }
  text.push_back('\n');
  return text;
}

}  // namespace paceline::cli
