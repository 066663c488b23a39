#include "server/core/rows/sparse_fold.h"

#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace paceline::server {
namespace {

TEST_CASE("Random rounds give what a map of sums gives") {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    const uint32_t dim = 1 + random() % 20;
    SparseFold fold(dim);
    for (int round = 0; round < 5; ++round) {
      std::map<uint64_t, std::vector<float>> model;
      for (int rank = 0; rank < 4; ++rank) {
        std::set<uint64_t> chosen;
        for (int i = static_cast<int>(random() % 40); i > 0; --i) chosen.insert(random() % 60);
        const std::vector<uint64_t> keys(chosen.begin(), chosen.end());
        std::vector<float> g(keys.size() * dim);
        for (float& v : g) v = normal(random);
        for (size_t i = 0; i < keys.size(); ++i) {
          std::vector<float>& row = model.try_emplace(keys[i], dim, 0.0f).first->second;
          for (uint32_t j = 0; j < dim; ++j) row[j] += g[i * dim + j];
        }
        const auto* bytes = reinterpret_cast<const uint8_t*>(g.data());
        const size_t cut = g.empty() ? 0 : random() % (4 * g.size());
        CHECK(!fold.Add(keys, ByteView({{bytes, cut}, {bytes + cut, 4 * g.size() - cut}})));
      }
      std::vector<uint64_t> keys;
      std::vector<float> sums;
      for (const auto& [key, row] : model) {
        keys.push_back(key);
        sums.insert(sums.end(), row.begin(), row.end());
      }
      CHECK(std::vector<uint64_t>(fold.keys().begin(), fold.keys().end()) == keys);
      CHECK(std::vector<float>(fold.gradient().begin(), fold.gradient().end()) == sums);
      CHECK(fold.MemoryBytes() >= keys.size() * (8 + 4 * dim));
      fold.Clear();
      CHECK(fold.keys().empty());
    }
  }
}

TEST_CASE("A value that is not finite is named by key and column") {
  SparseFold fold(3);
  const std::vector<uint64_t> keys = {5, 9, 11};
  std::vector<float> g(9, 1);
  CHECK(!fold.Add(std::vector<uint64_t>{9}, ByteView::OfFloats({g.data(), 3})));
  g[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(fold.Add(keys, ByteView::OfFloats(g)) == NonFinite{.row = 9, .column = 2});
  CHECK(std::vector<float>(fold.gradient().begin(), fold.gradient().end()) ==
        std::vector<float>{1, 1, 1, 2, 2, 1, 1, 1, 1});
}

}  // namespace
}  // namespace paceline::server
