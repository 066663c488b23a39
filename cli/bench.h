// `pacectl bench`: what a cluster that is there can move. For every policy and size a
// job of its own on the device `emulated`, whose steps take no time: all ranks push and
// pull a dense model of that size, as fast as they can, for a while. Under ssp they pull
// less often: a rank reads its copy for as long as that is fresh enough.
//
// The jobs are queued like any other, one after the other, and share the cluster with
// what else runs there. Each is cancelled when it has been measured, also after Ctrl-C
// or an error: its tables are freed, and it leaves no cut.
#ifndef PACELINE_CLI_BENCH_H_
#define PACELINE_CLI_BENCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/exit_code.h"

namespace paceline::cli {

class SchedulerClient;

// Of the model: at least one value each for two servers, and at most what a job's list
// of layers can name in layers of a shard's size.
inline constexpr uint64_t kMinBenchBytes = 1024;
inline constexpr uint64_t kMaxBenchBytes = uint64_t{16} << 30;

struct BenchOptions {
  // bsp, ssp or asp.
  std::vector<std::string> policies = {"bsp", "ssp", "asp"};
  // Bytes of float32 weights, in [kMinBenchBytes, kMaxBenchBytes].
  std::vector<uint64_t> sizes = {uint64_t{1} << 20, uint64_t{16} << 20};
  // Ranks; 0: as many as slots are free.
  uint32_t workers = 0;
  // 0: as many as are live.
  uint32_t servers = 0;
  // That each job is watched.
  absl::Duration time = absl::Seconds(10);
  // A job that has made no step by then will make none.
  absl::Duration start_limit = absl::Seconds(60);
};

// Errors:  Unavailable         no server or no free slot where none were asked for.
//          DeadlineExceeded    a job has not started in time; says what it waits for.
//          Aborted             a job ended by itself, or made too few steps in `time` to
//                              call it a rate; says which.
// Ctrl-C: ExitCode::kInterrupted.
absl::StatusOr<ExitCode> Bench(const BenchOptions& options, OutputFormat format,
                               SchedulerClient& client, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_BENCH_H_
