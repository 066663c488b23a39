// Tables for people.
#ifndef PACELINE_CLI_TABLE_H_
#define PACELINE_CLI_TABLE_H_

#include <string>
#include <vector>

namespace paceline::cli {

// Columns padded to their widest cell, two blanks apart; the last is not padded.
// Widths count code points, without colours.
//
//   TextTable table({"ID", "STATE"});
//   table.Add({"7", "running"});
//   out << table.ToString();
//
// Thread-compatible.
class TextTable {
 public:
  // Without a header line if `header` is empty.
  explicit TextTable(std::vector<std::string> header);

  void Add(std::vector<std::string> row);
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// `text` in the colour of a job state's word ("succeeded" green, "failed" red, ...),
// as ANSI escapes; plain for other words or without `color`.
std::string ColoredState(const std::string& word, bool color);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_TABLE_H_
