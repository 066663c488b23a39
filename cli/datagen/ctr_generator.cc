// Compiled without contraction of a*b+c (see the target's copts).
#include "cli/datagen/ctr_generator.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "cli/datagen/decimal.h"
#include "cli/datagen/portable_math.h"
#include "common/hash.h"
#include "common/random.h"

namespace paceline::cli {
namespace {

// What random numbers are for; each field and integer has a stream of its own.
enum class Purpose : uint64_t {
  kSlope,
  kWeight,
  kLatent,
  kName,
  kInteger,
  kNoInteger,
  kCategory,
  kNoCategory,
  kLabel,
};

uint64_t Stream(Purpose purpose, int number = 0) {
  return MixBits(static_cast<uint64_t>(purpose), static_cast<uint64_t>(number));
}

constexpr uint64_t kKnownRanks = 2048;
constexpr uint64_t kFewestRanks = 3;
constexpr double kFieldRatio = 0.7;
constexpr uint64_t kNames = uint64_t{1} << 32;

double MeanLog(int integer) { return 0.3 * integer; }

// Category ranks of each field.
std::vector<uint64_t> FieldSizes(uint64_t categories) {
  double total = 0;
  double share = 1;
  for (int f = 0; f < CtrGenerator::kFields; ++f, share *= kFieldRatio) total += share;
  std::vector<uint64_t> sizes;
  share = 1;
  for (int f = 0; f < CtrGenerator::kFields; ++f, share *= kFieldRatio) {
    const double size = static_cast<double>(categories) * share / total;
    sizes.push_back(std::max(static_cast<uint64_t>(size), kFewestRanks));
  }
  return sizes;
}

}  // namespace

CtrGenerator::CtrGenerator(const CtrOptions& options) : options_(options) {
  for (int j = 0; j < kIntegers; ++j) {
    slopes_[static_cast<size_t>(j)] =
        options.integer_effect / std::sqrt(double{kIntegers}) *
        double{RandomNormal(options.seed, Stream(Purpose::kSlope), static_cast<uint64_t>(j))};
  }
  const std::vector<uint64_t> sizes = FieldSizes(options.categories);
  for (int f = 0; f < kFields; ++f) {
    const uint64_t size = sizes[static_cast<size_t>(f)];
    fields_.push_back(
        {.ranks = Zipf(size, options.zipf),
         .names = Permutation(kNames, MixBits(options.seed, Stream(Purpose::kName, f))),
         .known = {}});
    std::vector<Effects> known;
    for (uint64_t rank = 0; rank < std::min(size, kKnownRanks); ++rank) {
      known.push_back(EffectsOf(f, rank));
    }
    fields_.back().known = std::move(known);
  }
}

CtrGenerator::Effects CtrGenerator::EffectsOf(int field, uint64_t rank) const {
  const std::vector<Effects>& known = fields_[static_cast<size_t>(field)].known;
  if (rank < known.size()) return known[rank];
  const double weight = options_.category_effect / std::sqrt(double{kFields});
  // <v, v'> has the variance K s^4; there are kFields (kFields - 1) / 2 of them.
  const double pairs = kFields * (kFields - 1) / 2.0;
  const double latent =
      std::sqrt(options_.pair_effect / std::sqrt(pairs * static_cast<double>(kLatent)));
  Effects effects;
  effects.weight =
      weight * double{RandomNormal(options_.seed, Stream(Purpose::kWeight, field), rank)};
  for (size_t k = 0; k < kLatent; ++k) {
    effects.latent[k] = latent * double{RandomNormal(options_.seed, Stream(Purpose::kLatent, field),
                                                     rank * kLatent + k)};
  }
  return effects;
}

double CtrGenerator::AppendInteger(uint64_t record, int integer, std::string* text) const {
  text->push_back('\t');
  if (RandomUniformDouble(options_.seed, Stream(Purpose::kNoInteger, integer), record) <
      options_.missing) {
    return 0;
  }
  const double normal{RandomNormal(options_.seed, Stream(Purpose::kInteger, integer), record)};
  const double x = std::floor(PortableExp(MeanLog(integer) + normal));
  absl::StrAppend(text, static_cast<uint64_t>(x));
  return slopes_[static_cast<size_t>(integer)] * (PortableLog(1 + x) - MeanLog(integer));
}

CtrGenerator::Effects CtrGenerator::AppendCategory(uint64_t record, int field,
                                                   std::string* text) const {
  const Field& of = fields_[static_cast<size_t>(field)];
  text->push_back('\t');
  if (RandomUniformDouble(options_.seed, Stream(Purpose::kNoCategory, field), record) <
      options_.missing) {
    return EffectsOf(field, of.ranks.ranks());
  }
  const uint64_t rank = of.ranks.Draw(options_.seed, Stream(Purpose::kCategory, field), record);
  absl::StrAppend(text, absl::Hex(of.names(rank), absl::kZeroPad8));
  return EffectsOf(field, rank);
}

void CtrGenerator::Append(uint64_t record, std::string* text, std::string* truth) {
  double logit = options_.bias;
  line_.clear();
  for (int j = 0; j < kIntegers; ++j) logit += AppendInteger(record, j, &line_);
  std::array<double, kLatent> sum = {};
  std::array<double, kLatent> squares = {};
  for (int f = 0; f < kFields; ++f) {
    const Effects effects = AppendCategory(record, f, &line_);
    logit += effects.weight;
    for (size_t k = 0; k < kLatent; ++k) {
      sum[k] += effects.latent[k];
      squares[k] += effects.latent[k] * effects.latent[k];
    }
  }
  // sum_{f<g} <v_f, v_g> = (|sum_f v_f|^2 - sum_f |v_f|^2) / 2
  for (size_t k = 0; k < kLatent; ++k) logit += (sum[k] * sum[k] - squares[k]) / 2;
  // Far from 0 and 1: a loss without bounds would drown all others.
  const double p = PortableSigmoid(std::clamp(logit, -30.0, 30.0));
  const bool label = RandomUniformDouble(options_.seed, Stream(Purpose::kLabel), record) < p;
  quality_.Add(p, label);
  absl::StrAppend(text, label ? "1" : "0", line_, "\n");
  if (truth == nullptr) return;
  AppendDecimal(p, 6, truth);
  truth->push_back('\n');
}

Facts CtrGenerator::facts() const {
  return {{"positive_rate", quality_.positive_rate()},
          {"best_log_loss", quality_.log_loss()},
          {"best_auc", quality_.auc()}};
}

}  // namespace paceline::cli
