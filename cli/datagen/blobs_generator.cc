// Compiled without contraction of a*b+c (see the target's copts).
#include "cli/datagen/blobs_generator.h"

#include "absl/strings/str_cat.h"
#include "cli/datagen/decimal.h"
#include "common/random.h"

namespace paceline::cli {
namespace {

enum Stream : uint64_t { kCenter = 300, kCluster, kPoint };

constexpr int kDecimals = 4;

}  // namespace

double BlobsGenerator::Center(uint64_t cluster, uint64_t dim) const {
  return RoundDecimal(
      options_.spread * RandomNormal(options_.seed, kCenter, cluster * options_.dims + dim),
      kDecimals);
}

void BlobsGenerator::AppendCenter(uint64_t cluster, std::string* out) const {
  for (uint64_t dim = 0; dim < options_.dims; ++dim) {
    if (dim > 0) out->push_back(',');
    AppendDecimal(Center(cluster, dim), kDecimals, out);
  }
  out->push_back('\n');
}

void BlobsGenerator::Append(uint64_t record, std::string* text, std::string* truth) {
  const uint64_t cluster = RandomBelow(options_.clusters, options_.seed, kCluster, record);
  for (uint64_t dim = 0; dim < options_.dims; ++dim) {
    const double center = Center(cluster, dim);
    const double noise = RandomNormal(options_.seed, kPoint, record * options_.dims + dim);
    const double x = RoundDecimal(center + options_.sigma * noise, kDecimals);
    squares_ += (x - center) * (x - center);
    AppendDecimal(x, kDecimals, text);
    text->push_back(',');
  }
  ++count_;
  absl::StrAppend(text, cluster, "\n");
  if (truth != nullptr) AppendCenter(cluster, truth);
}

Facts BlobsGenerator::facts() const {
  return {{"mean_square_distance", squares_ / static_cast<double>(count_)}};
}

std::string BlobsGenerator::Model() const {
  std::string text;
  for (uint64_t cluster = 0; cluster < options_.clusters; ++cluster) AppendCenter(cluster, &text);
  return text;
}

}  // namespace paceline::cli
