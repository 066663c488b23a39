#include "cli/context/endpoint.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/daemon/address.h"
#include "common/spec/nearest.h"
#include "common/status/status_macros.h"

namespace paceline::cli {

absl::StatusOr<Context> FindContext(const ContextFile& file, const std::string& name) {
  if (const auto found = file.contexts.find(name); found != file.contexts.end()) {
    return found->second;
  }
  std::vector<std::string> names;
  for (const auto& [known, context] : file.contexts) names.push_back(known);
  const std::string meant = Nearest(name, names);
  return absl::NotFoundError(
      absl::StrCat("no context `", name, "`; ",
                   !meant.empty()  ? absl::StrCat("did you mean `", meant, "`?")
                   : names.empty() ? "there are none: pacectl context set NAME --address HOST:PORT"
                                   : absl::StrCat("there are: ", absl::StrJoin(names, ", "))));
}

absl::StatusOr<Endpoint> ResolveEndpoint(const EndpointSources& sources, const ContextFile& file) {
  Endpoint endpoint = {.address = kDefaultAddress, .tls_dir = ""};
  if (const auto current = file.contexts.find(file.current); current != file.contexts.end()) {
    endpoint = {.address = current->second.address, .tls_dir = current->second.tls_dir};
  }
  if (!sources.address_variable.empty()) endpoint.address = sources.address_variable;
  if (!sources.tls_dir_variable.empty()) endpoint.tls_dir = sources.tls_dir_variable;
  if (!sources.context_flag.empty()) {
    const absl::StatusOr<Context> named = FindContext(file, sources.context_flag);
    if (!named.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--context: ", named.status().message()));
    }
    endpoint = {.address = named->address, .tls_dir = named->tls_dir};
  }
  if (!sources.address_flag.empty()) endpoint.address = sources.address_flag;
  if (!sources.tls_dir_flag.empty()) endpoint.tls_dir = sources.tls_dir_flag;
  const absl::StatusOr<HostPort> parsed = ParseHostPort(endpoint.address);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(sources.address_flag.empty() ? "address of the scheduler" : "--address", ": ",
                     parsed.status().message()));
  }
  endpoint.address = parsed->ToString();
  return endpoint;
}

}  // namespace paceline::cli
