#include "server/server_flags.h"

namespace paceline::server {

void AddServerFlags(CLI::App* app, ServerFlags* flags) {
  Server::Options& options = flags->options;
  app->add_option("--scheduler", options.scheduler, "host:port of the scheduler")
      ->default_val("127.0.0.1:7070");
  app->add_option("--memory-limit", options.memory_limit, "bytes of tables, e.g. 8GB; 0: none")
      ->transform(CLI::AsSizeValue(false));
  app->add_option("--fold-limit", options.fold_limit, "bytes of updates that wait for their round")
      ->transform(CLI::AsSizeValue(false));
  app->add_option("--max-parked-pulls", options.max_parked_pulls, "waiting pulls of each job");
  app->add_option("--shared-memory", options.shared_memory,
                  "offer clients on this host to exchange payloads through memory")
      ->capture_default_str();
  app->add_option("--threads", options.threads, "threads that serve calls; 0: one for each core");
  app->add_option("--drain-seconds", flags->drain_seconds,
                  "how long jobs may take to be moved elsewhere after SIGTERM")
      ->capture_default_str();
  app->add_option("--preemption-file", flags->preemption_file,
                  "when this file appears, end as after SIGTERM");
}

}  // namespace paceline::server
