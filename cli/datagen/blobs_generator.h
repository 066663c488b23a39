// Points of Gaussian clusters, as csv with the number of the cluster as label, in the last
// column. Clusters come alike; centers are normal with deviation `spread` in each dimension,
// points lie about them with deviation `sigma`. Four decimals.
#ifndef PACELINE_CLI_DATAGEN_BLOBS_GENERATOR_H_
#define PACELINE_CLI_DATAGEN_BLOBS_GENERATOR_H_

#include <cstdint>
#include <string>

#include "cli/datagen/generator.h"

namespace paceline::cli {

struct BlobsOptions {
  uint64_t seed = 1;
  uint32_t clusters = 8;
  uint32_t dims = 2;
  double spread = 10;
  double sigma = 1;
};

class BlobsGenerator final : public Generator {
 public:
  explicit BlobsGenerator(const BlobsOptions& options) : options_(options) {}

  // The truth is the center, as csv.
  void Append(uint64_t record, std::string* text, std::string* truth) override;
  // mean_square_distance: of points from their centers; the inertia of k-means at its best
  // is about that, or less, for each point.
  Facts facts() const override;
  // The centers, one a line, as csv.
  std::string Model() const override;

 private:
  double Center(uint64_t cluster, uint64_t dim) const;
  void AppendCenter(uint64_t cluster, std::string* out) const;

  const BlobsOptions options_;
  uint64_t count_ = 0;
  double squares_ = 0;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_BLOBS_GENERATOR_H_
