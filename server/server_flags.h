// The command line of a server, beside the flags that all daemons share.
#ifndef PACELINE_SERVER_SERVER_FLAGS_H_
#define PACELINE_SERVER_SERVER_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "server/server.h"

namespace paceline::server {

struct ServerFlags {
  // Its scheduler and limits; listen addresses come from the shared flags.
  Server::Options options;
  // Server::Drain
  uint32_t drain_seconds = 25;
  std::string preemption_file;
};

void AddServerFlags(CLI::App* app, ServerFlags* flags);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_SERVER_FLAGS_H_
