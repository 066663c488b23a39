// A big sparse table on one core: see README.md.
#include <CLI/CLI.hpp>

#include "common/daemon/freed_memory.h"
#include "tests/bench/sparse_table_bench.h"

int main(int argc, char** argv) {
  // As the daemons do.
  paceline::KeepFreedMemory();
  paceline::bench::SparseTableOptions options;
  CLI::App app("Benchmark of big sparse tables");
  app.add_option("--rows", options.rows, "of the table")->capture_default_str();
  app.add_option("--fewer-rows", options.fewer_rows, "of the table that it is compared with")
      ->capture_default_str();
  app.add_option("--dim", options.dim, "floats of a row")->capture_default_str();
  app.add_option("--batch", options.batch, "keys of an iteration")->capture_default_str();
  app.add_option("--iterations", options.iterations, "that are timed")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  paceline::bench::RunSparseTableBench(options);
  return 0;
}
