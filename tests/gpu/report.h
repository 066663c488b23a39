// What was measured, as a table for people and as JSON for programs.
//
// Thread-compatible.
#ifndef PACELINE_TESTS_GPU_REPORT_H_
#define PACELINE_TESTS_GPU_REPORT_H_

#include <string>
#include <vector>

#include "tests/gpu/machine.h"
#include "tests/gpu/timing.h"

namespace paceline::gpu::testing {

struct Figure {
  // "BiasActivation", and its size: "relu 8192x4096".
  std::string name;
  std::string size;
  Times times;
  // What a repeat has to move or compute: bytes that are read or written at least once
  // each (those of gathered rows each time), or floating point operations.
  double amount = 0;
  bool flops = false;
  // The rate that the machine reaches in the same run; 0: this is one.
  double ceiling = 0;
  // What was measured for it: "device copy".
  std::string ceiling_name;

  // Bytes or operations per second, of the median.
  double rate() const { return amount / times.median; }
};

class Report {
 public:
  // Prints the figure's line, too.
  void Add(const Figure& figure);
  // The best rate of the figures of that name so far; 0 if there are none.
  double Best(const std::string& name) const;

  // False if the file cannot be written.
  bool WriteJson(const Machine& machine, int cublas, const std::string& path) const;

 private:
  std::vector<Figure> figures_;
};

}  // namespace paceline::gpu::testing

#endif  // PACELINE_TESTS_GPU_REPORT_H_
