// The generators against the models that their headers state.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "cli/datagen/blobs_generator.h"
#include "cli/datagen/ctr_generator.h"
#include "cli/datagen/generator.h"
#include "cli/datagen/linear_generator.h"
#include "cli/datagen/ratings_generator.h"
#include "cli/datagen/text_generator.h"
#include "common/hash.h"

namespace paceline::cli {
namespace {

struct Made {
  std::string text;
  std::string truth;
  std::map<std::string, double> facts;
};

Made Make(Generator& generator, uint64_t rows, uint64_t first = 0) {
  Made made;
  for (uint64_t row = 0; row < rows; ++row) generator.Append(first + row, &made.text, &made.truth);
  for (const auto& [name, value] : generator.facts()) made.facts[name] = value;
  return made;
}

std::unique_ptr<Generator> Linear(const LinearOptions& options) {
  absl::StatusOr<std::unique_ptr<Generator>> generator = LinearGenerator::Create(options);
  REQUIRE(generator.ok());
  return *std::move(generator);
}

template <typename G, typename Options>
Made Make(const Options& options, uint64_t rows, uint64_t first = 0) {
  G generator(options);
  return Make(generator, rows, first);
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  REQUIRE(lines.back().empty());
  lines.pop_back();
  return lines;
}

double Number(absl::string_view text) {
  double value = 0;
  CAPTURE(text);
  REQUIRE(absl::SimpleAtod(text, &value));
  return value;
}

std::vector<double> Numbers(const std::string& line) {
  std::vector<double> values;
  for (const absl::string_view field : absl::StrSplit(line, ',')) values.push_back(Number(field));
  return values;
}

// The same on every machine and in every version.
TEST_CASE("bytes never change") {
  CHECK(HashBytes(Make<CtrGenerator>(CtrOptions{}, 200).text) == 0x21686868fe3f75f2);
  CHECK(HashBytes(Make<CtrGenerator>(CtrOptions{}, 20, kFirstHeldOut).text) == 0xab60709e62e85eb3);
  CHECK(HashBytes(Make<RatingsGenerator>(RatingsOptions{}, 200).text) == 0x071f57a1b6a72a9d);
  CHECK(HashBytes(Make(*Linear({}), 200).text) == 0xfdb1a7fcb52e7220);
  CHECK(HashBytes(Make<BlobsGenerator>(BlobsOptions{}, 200).text) == 0x80aa716a8043bbb8);
  CHECK(HashBytes(Make<TextGenerator>(TextOptions{}, 2000).text) == 0x701f95394093dc1a);
}

TEST_CASE("another seed is another data set; more rows begin with the same") {
  const std::string one = Make<CtrGenerator>(CtrOptions{}, 20).text;
  CHECK(Make<CtrGenerator>(CtrOptions{.seed = 2}, 20).text != one);
  CHECK(Make<CtrGenerator>(CtrOptions{}, 40).text.substr(0, one.size()) == one);
  CHECK(Make(*Linear({.seed = 2}), 5).text != Make(*Linear({}), 5).text);
}

TEST_CASE("ctr: the shape is Criteo's") {
  const Made made = Make<CtrGenerator>(CtrOptions{.categories = 1000}, 5000);
  const std::vector<std::string> lines = Lines(made.text);
  REQUIRE(lines.size() == 5000);
  double empty = 0;
  std::array<std::set<std::string>, 26> seen;
  for (const std::string& line : lines) {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    REQUIRE(fields.size() == 40);
    REQUIRE((fields[0] == "0" || fields[0] == "1"));
    for (size_t f = 1; f < 40; ++f) {
      empty += fields[f].empty() ? 1 : 0;
      if (f < 14) {
        uint64_t value = 0;
        REQUIRE((fields[f].empty() || absl::SimpleAtoi(fields[f], &value)));
      } else if (!fields[f].empty()) {
        REQUIRE(fields[f].size() == 8);
        seen[f - 14].insert(fields[f]);
      }
    }
  }
  CHECK(empty / 5000 / 39 == Approx(0.05).margin(0.003));
  // 0.3 of 1000 categories in the first field, at least three in the last.
  CHECK(seen[0].size() > 150);
  CHECK(seen[0].size() <= 300);
  CHECK(seen[25].size() == 3);
}

TEST_CASE("ctr: labels are drawn with the probabilities of the truth") {
  const Made made = Make<CtrGenerator>(CtrOptions{.categories = 5000}, 20'000);
  const std::vector<std::string> lines = Lines(made.text);
  const std::vector<std::string> truth = Lines(made.truth);
  REQUIRE(truth.size() == lines.size());
  double expected = 0;
  double variance = 0;
  double clicks = 0;
  double loss = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    const double p = Number(truth[i]);
    const bool label = lines[i][0] == '1';
    expected += p;
    variance += p * (1 - p);
    clicks += label ? 1 : 0;
    loss -= std::log(label ? p : 1 - p);
  }
  CHECK(std::abs(clicks - expected) < 5 * std::sqrt(variance));
  CHECK(made.facts.at("positive_rate") == clicks / 20'000);
  CHECK(made.facts.at("best_log_loss") == Approx(loss / 20'000).epsilon(1e-4));
  CHECK(made.facts.at("best_auc") > 0.7);
  CHECK(made.facts.at("best_auc") < 0.9);
}

TEST_CASE("ctr: each part of the logit has its effect, and none has none") {
  CtrOptions none;
  none.integer_effect = none.category_effect = none.pair_effect = 0;
  none.bias = 0;
  const Made flat = Make<CtrGenerator>(none, 2000);
  CHECK(flat.facts.at("best_auc") == 0.5);
  CHECK(flat.facts.at("best_log_loss") == Approx(std::log(2)));
  for (double CtrOptions::*effect :
       {&CtrOptions::integer_effect, &CtrOptions::category_effect, &CtrOptions::pair_effect}) {
    CtrOptions one = none;
    one.*effect = 1;
    CHECK(Make<CtrGenerator>(one, 2000).facts.at("best_auc") > 0.6);
  }
}

TEST_CASE("ratings: the noise floor is sigma") {
  const RatingsOptions options{.users = 50, .items = 30, .sigma = 0.25};
  const Made made = Make<RatingsGenerator>(options, 20'000);
  const std::vector<std::string> lines = Lines(made.text);
  const std::vector<std::string> truth = Lines(made.truth);
  double squares = 0;
  double mean = 0;
  std::set<double> users;
  std::map<double, int> items;
  std::map<std::pair<double, double>, double> known;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::vector<double> fields = Numbers(lines[i]);
    REQUIRE(fields.size() == 3);
    users.insert(fields[0]);
    ++items[fields[1]];
    const double rating = Number(truth[i]);
    // A user's rating of an item is one, whenever it comes.
    const auto [at, added] = known.emplace(std::make_pair(fields[0], fields[1]), rating);
    REQUIRE(at->second == rating);
    squares += (fields[2] - rating) * (fields[2] - rating);
    mean += fields[2];
  }
  CHECK(users.size() == 50);
  CHECK(*users.rbegin() == 49);
  CHECK(items.size() == 30);
  CHECK(items.rbegin()->first == 29);
  CHECK(made.facts.at("noise_rmse") == Approx(std::sqrt(squares / 20'000)).epsilon(1e-4));
  CHECK(made.facts.at("noise_rmse") == Approx(0.25).epsilon(0.03));
  CHECK(made.facts.at("mean_rating") == Approx(mean / 20'000));
}

TEST_CASE("linear: labels are those of the weights, but for the noise") {
  for (const bool csv : {false, true}) {
    const auto generator = Linear({.features = 12, .sigma = 0.1, .csv = csv});
    const std::vector<std::string> model = Lines(generator->Model());
    REQUIRE(model.size() == 13);
    const Made made = Make(*generator, 3000);
    const std::vector<std::string> truth = Lines(made.truth);
    double squares = 0;
    size_t row = 0;
    for (const std::string& line : Lines(made.text)) {
      double y = Number(model[0]);
      double label = 0;
      if (csv) {
        std::vector<double> fields = Numbers(line);
        REQUIRE(fields.size() == 13);
        label = fields.back();
        for (size_t j = 0; j < 12; ++j) y += Number(model[j + 1]) * fields[j];
      } else {
        const std::vector<std::string> fields = absl::StrSplit(line, ' ');
        REQUIRE(fields.size() == 13);
        label = Number(fields[0]);
        for (size_t j = 1; j <= 12; ++j) {
          const std::vector<std::string> pair = absl::StrSplit(fields[j], ':');
          REQUIRE(Number(pair[0]) == static_cast<double>(j));
          y += Number(model[j]) * Number(pair[1]);
        }
      }
      REQUIRE(Number(truth[row++]) == Approx(y).margin(1e-5));
      squares += (label - y) * (label - y);
    }
    CHECK(made.facts.at("noise_rmse") == Approx(std::sqrt(squares / 3000)));
    CHECK(made.facts.at("noise_rmse") == Approx(0.1).epsilon(0.05));
  }
}

TEST_CASE("linear: sparse records ascend") {
  const Made made = Make(*Linear({.features = 1000, .nonzeros = 7}), 500);
  for (const std::string& line : Lines(made.text)) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    REQUIRE(fields.size() == 8);
    double last = 0;
    for (size_t j = 1; j < 8; ++j) {
      const double index = Number(fields[j].substr(0, fields[j].find(':')));
      REQUIRE(index > last);
      last = index;
    }
    REQUIRE(last <= 1000);
  }
}

TEST_CASE("blobs: points lie about their centers") {
  BlobsGenerator generator({.clusters = 5, .dims = 3, .sigma = 2});
  const std::vector<std::string> centers = Lines(generator.Model());
  REQUIRE(centers.size() == 5);
  const Made made = Make(generator, 10'000);
  const std::vector<std::string> truth = Lines(made.truth);
  double squares = 0;
  size_t row = 0;
  std::set<double> labels;
  for (const std::string& line : Lines(made.text)) {
    const std::vector<double> fields = Numbers(line);
    REQUIRE(fields.size() == 4);
    labels.insert(fields[3]);
    const std::string& center = centers[static_cast<size_t>(fields[3])];
    REQUIRE(truth[row++] == center);
    for (size_t d = 0; d < 3; ++d) {
      squares += std::pow(fields[d] - Numbers(center)[d], 2);
    }
  }
  CHECK(labels.size() == 5);
  CHECK(made.facts.at("mean_square_distance") == Approx(squares / 10'000));
  CHECK(squares / 10'000 == Approx(3 * 4).epsilon(0.05));
}

TEST_CASE("text: four bytes may follow, with the probabilities of the truth") {
  TextGenerator generator({.order = 1});
  std::string text;
  std::string truth;
  std::map<char, std::map<char, double>> after;
  char last = ' ';
  for (uint64_t i = 0; i < 100'000; ++i) {
    const auto choices = generator.Choices();
    generator.Append(i, &text, &truth);
    REQUIRE(std::set<char>(choices.begin(), choices.end()).size() == 4);
    REQUIRE(std::count(choices.begin(), choices.end(), text.back()) == 1);
    ++after[last][text.back()];
    last = text.back();
  }
  for (const auto& [before, next] : after) REQUIRE(next.size() <= 4);
  const std::map<std::string, double> facts = [&] {
    std::map<std::string, double> map;
    for (const auto& [name, value] : generator.facts()) map[name] = value;
    return map;
  }();
  double bits = 0;
  for (const std::string& p : Lines(truth)) bits -= std::log2(Number(p));
  CHECK(facts.at("entropy_bits") == 1.75);
  CHECK(facts.at("bits_per_byte") == Approx(bits / 100'000));
  CHECK(facts.at("bits_per_byte") == Approx(1.75).epsilon(0.01));
}

}  // namespace
}  // namespace paceline::cli
