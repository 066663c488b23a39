// A data set of a known model, record by record.
#ifndef PACELINE_CLI_DATAGEN_GENERATOR_H_
#define PACELINE_CLI_DATAGEN_GENERATOR_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace paceline::cli {

// Record numbers are below this; held-out records are counted from here.
inline constexpr uint64_t kFirstHeldOut = uint64_t{1} << 48;

// What is known of the records so far, by name.
using Facts = std::vector<std::pair<std::string, double>>;

// Owned by one thread.
class Generator {
 public:
  virtual ~Generator() = default;

  // Appends record `record` to `text`: the same bytes for the same options, seed and number
  // everywhere. With `truth` a line of what the model says of it without noise. Records
  // are asked for in order.
  virtual void Append(uint64_t record, std::string* text, std::string* truth) = 0;

  virtual Facts facts() const = 0;

  // The model's parameters as text; empty where it has none to show.
  virtual std::string Model() const { return ""; }
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_GENERATOR_H_
