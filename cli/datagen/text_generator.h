// Bytes of a Markov source: after each `order` bytes one of four follows, drawn by the seed
// from the letters, space and line break, with probabilities 1/2, 1/4, 1/8 and 1/8. Its
// entropy is 1.75 bits a byte, whatever came before: no model can do better.
//
// A record is a byte.
#ifndef PACELINE_CLI_DATAGEN_TEXT_GENERATOR_H_
#define PACELINE_CLI_DATAGEN_TEXT_GENERATOR_H_

#include <array>
#include <cstdint>
#include <string>

#include "cli/datagen/generator.h"

namespace paceline::cli {

inline constexpr uint32_t kMaxTextOrder = 8;

struct TextOptions {
  uint64_t seed = 1;
  // Bytes that decide what may follow.
  uint32_t order = 2;
};

class TextGenerator final : public Generator {
 public:
  static constexpr double kEntropyBits = 1.75;
  static constexpr int kChoices = 4;

  explicit TextGenerator(const TextOptions& options);

  // The truth is the probability of the byte.
  void Append(uint64_t record, std::string* text, std::string* truth) override;
  // entropy_bits: of the source; bits_per_byte: what the source itself needs for these bytes.
  Facts facts() const override;

  // What may follow the present bytes, the most likely first; all different.
  std::array<char, kChoices> Choices() const;

 private:
  const TextOptions options_;
  // The last `order` bytes.
  std::string context_;
  uint64_t count_ = 0;
  uint64_t bits_ = 0;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_TEXT_GENERATOR_H_
