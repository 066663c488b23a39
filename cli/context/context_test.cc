// Contexts: the file, the commands that change it, and who wins.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/match.h"
#include "cli/context/context_commands.h"
#include "cli/context/context_file.h"
#include "cli/context/endpoint.h"
#include "cli/test_environment.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

constexpr char kPath[] = "/home/me/.config/paceline/config.yaml";

TEST_CASE("a file by hand is understood, and what is written is read back") {
  REQUIRE_OK_AND_ASSIGN(const ContextFile file, ParseContextFile(R"(
current: lab
contexts:
  lab: {address: "10.0.0.1:7070", tls_dir: pki/me}
  laptop:
    address: 127.0.0.1:7070
)",
                                                                 kPath));
  CHECK(file.current == "lab");
  CHECK(file.contexts.at("lab") ==
        Context{.address = "10.0.0.1:7070", .tls_dir = "/home/me/.config/paceline/pki/me"});
  CHECK(file.contexts.at("laptop") == Context{.address = "127.0.0.1:7070"});
  REQUIRE_OK_AND_ASSIGN(const ContextFile again, ParseContextFile(ContextFileText(file), kPath));
  CHECK(again == file);
  REQUIRE_OK_AND_ASSIGN(const ContextFile empty, ParseContextFile("", kPath));
  CHECK(empty == ContextFile());
  REQUIRE_OK_AND_ASSIGN(const ContextFile none, ParseContextFile("contexts:\n", kPath));
  CHECK(none == ContextFile());
  CHECK(ParseContextFile(ContextFileText(ContextFile()), kPath).ok());
}

TEST_CASE("what is wrong with a file is said with its line") {
  const auto error = [](const std::string& text) {
    const auto file = ParseContextFile(text, "c.yaml");
    REQUIRE_FALSE(file.ok());
    return std::string(file.status().message());
  };
  CHECK(error("curent: x\n") == "c.yaml:1: unknown key `curent`; did you mean `current`?");
  CHECK(error("contexts:\n  a: {adress: x:1}\n") ==
        "c.yaml:2: unknown key `adress`; did you mean `address`?");
  CHECK(error("zzzzzzzz: 1\n") == "c.yaml:1: unknown key `zzzzzzzz`; known: current, contexts");
  CHECK(error("contexts:\n  a:\n    tls_dir: x\n") == "c.yaml:2: context `a` has no address");
  CHECK(absl::StartsWith(error("contexts:\n  a: {address: nonsense}\n"), "c.yaml:2: address: "));
  CHECK(error("current: b\ncontexts: {a: {address: x:1}}\n") ==
        "c.yaml:1: current: no context `b`");
  CHECK(error("contexts: [1]\n") == "c.yaml:1: contexts: a map expected");
  CHECK(error("contexts: {a: x}\n") == "c.yaml:1: context `a`: a map expected");
  CHECK(error("- 1\n") == "c.yaml:1: the file: a map expected");
  CHECK(error("current: [1]\n") == "c.yaml:1: `current`: a text expected");
  CHECK(error("contexts: {}\ncontexts: {}\n") == "c.yaml:2: `contexts` stands here twice");
  CHECK(absl::StartsWith(error("contexts: {'a b': {address: x:1}}\n"), "c.yaml:1: a name of 1"));
  CHECK(absl::StartsWith(error("{"), "c.yaml: line "));
}

TEST_CASE("a flag wins over a variable, that over the context, that over the default") {
  const ContextFile file = {
      .current = "lab",
      .contexts = {{"lab", {.address = "lab:1", .tls_dir = "/lab"}}, {"open", {.address = "o:2"}}}};
  const auto resolved = [&](const EndpointSources& sources, const ContextFile& from) {
    REQUIRE_OK_AND_ASSIGN(const Endpoint endpoint, ResolveEndpoint(sources, from));
    return endpoint;
  };
  CHECK(resolved({}, {}) == Endpoint{.address = kDefaultAddress});
  CHECK(resolved({}, file) == Endpoint{.address = "lab:1", .tls_dir = "/lab"});
  CHECK(resolved({.address_variable = "v:3"}, file) ==
        Endpoint{.address = "v:3", .tls_dir = "/lab"});
  CHECK(resolved({.address_flag = "f:4", .address_variable = "v:3", .tls_dir_variable = "/v"},
                 file) == Endpoint{.address = "f:4", .tls_dir = "/v"});
  CHECK(resolved({.tls_dir_flag = "/f", .tls_dir_variable = "/v"}, file) ==
        Endpoint{.address = "lab:1", .tls_dir = "/f"});
  // A context that was asked for is taken as a whole.
  CHECK(resolved({.context_flag = "open", .address_variable = "v:3", .tls_dir_variable = "/v"},
                 file) == Endpoint{.address = "o:2"});
  CHECK(resolved({.address_flag = "f:4", .context_flag = "open"}, file) ==
        Endpoint{.address = "f:4"});
  CHECK_STATUS(ResolveEndpoint({.context_flag = "opne"}, file), absl::StatusCode::kInvalidArgument,
               "--context: no context `opne`; did you mean `open`?");
  CHECK_STATUS(ResolveEndpoint({.context_flag = "x"}, {}), absl::StatusCode::kInvalidArgument,
               "there are none");
  CHECK_STATUS(ResolveEndpoint({.address_flag = "x"}, file), absl::StatusCode::kInvalidArgument,
               "--address: ");
}

TEST_CASE("contexts are added, changed, used and deleted in a file of their owner") {
  TestEnvironment test;
  test.env.config_file = test.folder.path() + "/new/folder/config.yaml";
  REQUIRE_OK(SetContext("lab", "10.0.0.1:7070", "pki", test.env));
  struct stat file {};
  REQUIRE(stat(test.env.config_file.c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
  REQUIRE_OK(SetContext("open", "10.0.0.2:7070", "", test.env));
  REQUIRE_OK_AND_ASSIGN(const ContextFile two, LoadContextFile(test.fs, test.env.config_file));
  CHECK(two.current == "lab");
  CHECK(two.contexts.at("lab").tls_dir.front() == '/');

  REQUIRE_OK(UseContext("open", test.env));
  REQUIRE_OK(SetContext("open", "", "/other", test.env));
  REQUIRE_OK(ListContexts(OutputFormat::kTable, test.env));
  CHECK(absl::StrContains(test.out.str(), "*        open  10.0.0.2:7070  /other\n"));
  test.out.str("");
  REQUIRE_OK(ListContexts(OutputFormat::kName, test.env));
  CHECK(test.out.str() == "lab\nopen\n");
  test.out.str("");
  REQUIRE_OK(ShowContext("", OutputFormat::kYaml, test.env));
  CHECK(test.out.str() ==
        "---\nname: open\ncurrent: true\naddress: \"10.0.0.2:7070\"\ntls_dir: /other\n");
  test.out.str("");
  REQUIRE_OK(ShowContext("lab", OutputFormat::kTable, test.env));
  CHECK(absl::StrContains(test.out.str(), "current  no\n"));

  REQUIRE_OK(DeleteContext("open", test.env));
  CHECK(absl::StrContains(test.err.str(), "it was the current context"));
  CHECK_STATUS(ShowContext("", OutputFormat::kTable, test.env), absl::StatusCode::kNotFound,
               "no current context");
  CHECK_STATUS(UseContext("lav", test.env), absl::StatusCode::kNotFound, "did you mean `lab`?");
  CHECK_STATUS(DeleteContext("lav", test.env), absl::StatusCode::kNotFound, "no context `lav`");
  CHECK_STATUS(SetContext("new", "", "", test.env), absl::StatusCode::kInvalidArgument,
               "--address");
  CHECK_STATUS(SetContext("a b", "x:1", "", test.env), absl::StatusCode::kInvalidArgument,
               "got `a b`");
  CHECK_STATUS(SetContext("new", "nonsense", "", test.env), absl::StatusCode::kInvalidArgument,
               "--address: ");
  test.env.config_file = "/proc/nothing/config.yaml";
  CHECK_FALSE(SetContext("new", "x:1", "", test.env).ok());
}

}  // namespace
}  // namespace paceline::cli
