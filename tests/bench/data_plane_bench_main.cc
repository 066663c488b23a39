// The data plane against the limits of this machine: see README.md.
#include <CLI/CLI.hpp>
#include <string>

#include "common/daemon/freed_memory.h"
#include "common/daemon/mutex_checks.h"
#include "tests/bench/data_plane_cases.h"
#include "tests/bench/suite.h"

int main(int argc, char** argv) {
  // As the daemons do; the processes of the cases inherit it.
  paceline::KeepFreedMemory();
  paceline::SkipMutexChecks();
  paceline::bench::SuiteOptions options;
  paceline::bench::DataPlaneCaseOptions cases;
  CLI::App app("Benchmarks of the data plane");
  app.add_option("--repeats", options.repeats, "runs of each case; the last one counts")
      ->capture_default_str()
      ->take_last();
  app.add_option("--seconds", cases.seconds, "of each run")->capture_default_str();
  app.add_option("--only", options.only, "cases whose names contain this");
  app.add_option("--json", options.json, "file that the figures of every run are added to");
  app.add_option("--ps-lite", cases.ps_lite, "program of peers/ps_lite_bench.cc");
  app.add_flag("--quick", cases.quick, "the main sizes only");
  CLI11_PARSE(app, argc, argv);
  paceline::bench::RunSuite(paceline::bench::DataPlaneCases(cases), options);
  return 0;
}
