// Which scheduler pacectl speaks to, and with which certificates.
#ifndef PACELINE_CLI_CONTEXT_ENDPOINT_H_
#define PACELINE_CLI_CONTEXT_ENDPOINT_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/context/context_file.h"

namespace paceline::cli {

inline constexpr char kDefaultAddress[] = "127.0.0.1:7070";

struct Endpoint {
  // host:port of the scheduler.
  std::string address;
  // Folder with ca.crt, tls.crt and tls.key; empty: connections are in the clear.
  std::string tls_dir;
  bool operator==(const Endpoint&) const = default;
};

// What names it; empty: not given.
struct EndpointSources {
  // --address, --tls-dir, --context.
  std::string address_flag;
  std::string tls_dir_flag;
  std::string context_flag;
  // PACELINE_ADDRESS, PACELINE_TLS_DIR.
  std::string address_variable;
  std::string tls_dir_variable;
};

// Each of address and TLS folder from the first that gives it: its flag, the context that
// --context names (as a whole: one without a TLS folder is in the clear), its variable,
// the current context, the default.
//
// Errors:  InvalidArgument  no context of that name, with the nearest; no address.
// Thread-safe: a pure function.
absl::StatusOr<Endpoint> ResolveEndpoint(const EndpointSources& sources, const ContextFile& file);

// Errors:  NotFound  with the nearest name, or all of them.
absl::StatusOr<Context> FindContext(const ContextFile& file, const std::string& name);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_CONTEXT_ENDPOINT_H_
