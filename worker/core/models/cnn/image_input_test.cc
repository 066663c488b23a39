#include "worker/core/models/cnn/image_input.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

TEST_CASE("planes become pixels, from dense and from CSR records") {
  // Two records of 2 planes of 2 x 3.
  Batch dense;
  dense.dense = true;
  dense.features = 12;
  dense.labels = {0, 1};
  Batch csr;
  csr.features = 12;
  csr.labels = dense.labels;
  csr.offsets = {0};
  for (uint64_t i = 0; i < 2; ++i) {
    for (uint64_t f = 0; f < 12; ++f) {
      const float value = f == 7 ? 0 : static_cast<float>(100 * i + f + 1);
      dense.dense_values.push_back(value);
      if (value == 0) continue;
      csr.indices.push_back(f);
      csr.values.push_back(value);
    }
    csr.offsets.push_back(csr.indices.size());
  }
  const ImageShape shape{2, 2, 3};
  const Floats second = {101, 107, 102, 0, 103, 109, 104, 110, 105, 111, 106, 112};
  for (const Batch* batch : {&dense, &csr}) {
    Floats images = {1, 2, 3};
    ToImages(*batch, shape, 1, 1, &images);
    CHECK(images == second);
    ToImages(*batch, shape, 0, 2, &images);
    CHECK(Floats(images.begin() + 12, images.end()) == second);
    CHECK(Floats(images.begin(), images.begin() + 4) == Floats{1, 7, 2, 0});
    ToImages(*batch, shape, 2, 0, &images);
    CHECK(images.empty());
  }
  Floats one;
  ToImages(dense, ImageShape{1, 4, 3}, 0, 1, &one);
  CHECK(one == Floats(dense.dense_values.begin(), dense.dense_values.begin() + 12));
}

}  // namespace
}  // namespace paceline::worker
