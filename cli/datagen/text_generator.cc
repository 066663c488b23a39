#include "cli/datagen/text_generator.h"

#include <bit>
#include <utility>

#include "absl/strings/string_view.h"
#include "cli/datagen/decimal.h"
#include "common/hash.h"
#include "common/random.h"

namespace paceline::cli {
namespace {

constexpr absl::string_view kLetters = "abcdefghijklmnopqrstuvwxyz \n";
constexpr uint64_t kNext = 400;

}  // namespace

TextGenerator::TextGenerator(const TextOptions& options)
    : options_(options), context_(options.order, ' ') {}

std::array<char, TextGenerator::kChoices> TextGenerator::Choices() const {
  // The first of a seeded shuffle (Fisher and Yates), from as many bits of one hash.
  uint64_t bits = HashBytes(context_, MixBits(options_.seed, kNext));
  std::string letters(kLetters);
  std::array<char, kChoices> choices = {};
  for (size_t i = 0; i < choices.size(); ++i) {
    const uint64_t left = letters.size() - i;
    std::swap(letters[i], letters[i + bits % left]);
    bits /= left;
    choices[i] = letters[i];
  }
  return choices;
}

void TextGenerator::Append(uint64_t record, std::string* text, std::string* truth) {
  // Leading zeros of three random bits: 0 in half of all cases, 1 in a quarter, 2, 3.
  const uint64_t random = RandomBits(options_.seed, kNext, record) >> 61;
  const int choice = std::countl_zero(random << 61 | uint64_t{1} << 60);
  const char next = Choices()[static_cast<size_t>(choice)];
  context_.erase(0, 1);
  context_.push_back(next);
  text->push_back(next);
  const int bits = choice < 3 ? choice + 1 : 3;
  ++count_;
  bits_ += static_cast<uint64_t>(bits);
  if (truth == nullptr) return;
  AppendDecimal(1.0 / (1 << bits), 6, truth);
  truth->push_back('\n');
}

Facts TextGenerator::facts() const {
  return {{"entropy_bits", kEntropyBits},
          {"bits_per_byte", static_cast<double>(bits_) / static_cast<double>(count_)}};
}

}  // namespace paceline::cli
