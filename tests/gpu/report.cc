#include "tests/gpu/report.h"

#include <algorithm>
#include <cstdio>

namespace paceline::gpu::testing {

void Report::Add(const Figure& figure) {
  if (figures_.empty()) {
    std::printf("%-22s %-38s %11s %19s %15s  %s\n", "what", "size", "median us", "p10 - p90 us",
                "rate", "of the ceiling");
  }
  figures_.push_back(figure);
  const double unit = figure.flops ? 1e12 : 1e9;
  std::printf("%-22s %-38s %11.1f %8.1f - %8.1f %8.2f %s", figure.name.c_str(), figure.size.c_str(),
              figure.times.median * 1e6, figure.times.low * 1e6, figure.times.high * 1e6,
              figure.rate() / unit, figure.flops ? "TFLOP/s" : "GB/s   ");
  if (figure.ceiling > 0) {
    std::printf("  %3.0f%% of %s", 100 * figure.rate() / figure.ceiling,
                figure.ceiling_name.c_str());
  }
  std::printf("\n");
  std::fflush(stdout);
}

double Report::Best(const std::string& name) const {
  double best = 0;
  for (const Figure& figure : figures_) {
    if (figure.name == name) best = std::max(best, figure.rate());
  }
  return best;
}

// Names and sizes are ours and the GPU's: no quotes in them.
bool Report::WriteJson(const Machine& machine, int cublas, const std::string& path) const {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  std::fprintf(file,
               "{\n  \"gpu\": \"%s\",\n  \"architecture\": %d,\n  \"driver\": \"%s\",\n"
               "  \"driver_cuda\": %d,\n  \"runtime_cuda\": %d,\n  \"cublas\": %d,\n"
               "  \"date\": \"%s\",\n  \"figures\": [",
               machine.gpu.c_str(), machine.architecture, machine.driver.c_str(),
               machine.driver_cuda, machine.runtime_cuda, cublas, machine.date.c_str());
  const char* separator = "\n";
  for (const Figure& f : figures_) {
    std::fprintf(file,
                 "%s    {\"name\": \"%s\", \"size\": \"%s\", \"repeats\": %d, \"median_s\": %.9g, "
                 "\"p10_s\": %.9g, \"p90_s\": %.9g, \"rate\": %.6g, \"unit\": \"%s\", "
                 "\"ceiling\": %.6g, \"ceiling_name\": \"%s\"}",
                 separator, f.name.c_str(), f.size.c_str(), f.times.repeats, f.times.median,
                 f.times.low, f.times.high, f.rate(), f.flops ? "flop/s" : "bytes/s", f.ceiling,
                 f.ceiling_name.c_str());
    separator = ",\n";
  }
  std::fprintf(file, "\n  ]\n}\n");
  const bool written = std::ferror(file) == 0;
  return std::fclose(file) == 0 && written;
}

}  // namespace paceline::gpu::testing
