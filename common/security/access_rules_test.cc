// Every method of every service has a rule, every rule has a method, and the table that
// people read says the same.
#include "common/security/access_rules.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/status_matchers.h"
#include "proto/cluster.pb.h"
#include "proto/daemon.pb.h"
#include "proto/data.pb.h"
#include "proto/health.pb.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"
#include "proto/state.pb.h"

namespace paceline {
namespace {

const auto kDenied = absl::StatusCode::kPermissionDenied;
constexpr Role kRoles[] = {Role::kAdmin,     Role::kUser,   Role::kViewer,
                           Role::kScheduler, Role::kServer, Role::kWorker};

// A message of each file, so that the linker keeps its descriptors.
const google::protobuf::FileDescriptor* const kLinked[] = {
    v1::SubmitJobRequest::descriptor()->file(),
    v1::InspectRequest::descriptor()->file(),
    v1::PushRequest::descriptor()->file(),
    grpc::health::v1::HealthCheckRequest::descriptor()->file(),
    v1::JobSpec::descriptor()->file(),
    v1::HeartbeatRequest::descriptor()->file(),
    v1::Update::descriptor()->file(),
};

// Of all services in the files of proto/.
std::set<std::string> Methods() {
  std::set<std::string> methods;
  for (const auto& file : std::filesystem::directory_iterator("proto")) {
    if (file.path().extension() != ".proto") continue;
    const std::string name = absl::StrCat("proto/", file.path().filename().string());
    INFO(name << " has to be linked into this test: see kLinked");
    REQUIRE(std::any_of(std::begin(kLinked), std::end(kLinked),
                        [&](const auto* linked) { return linked->name() == name; }));
  }
  for (const google::protobuf::FileDescriptor* file : kLinked) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        methods.insert(absl::StrCat("/", file->service(i)->full_name(), "/",
                                    file->service(i)->method(j)->name()));
      }
    }
  }
  return methods;
}

// gRPC's own, which its libraries serve.
bool IsGrpcs(absl::string_view method) {
  return absl::StartsWith(method, "/grpc.channelz.") ||
         absl::StartsWith(method, "/grpc.reflection.");
}

TEST_CASE("every method has a rule, and every rule a method") {
  const std::set<std::string> methods = Methods();
  CHECK(methods.size() > 20);
  std::set<std::string> ruled;
  for (const AccessRule& rule : AccessRules()) {
    if (!IsGrpcs(rule.method)) ruled.emplace(rule.method);
  }
  for (const std::string& method : methods) {
    INFO(method << " has no rule in common/security/access_rules.cc");
    CHECK(ruled.count(method) == 1);
  }
  for (const std::string& method : ruled) {
    INFO(method << " has a rule and is in no .proto file");
    CHECK(methods.count(method) == 1);
  }
}

TEST_CASE("rules are sorted, and none comes twice") {
  const auto rules = AccessRules();
  for (size_t i = 1; i < rules.size(); ++i) {
    CHECK(rules[i - 1].method < rules[i].method);
  }
}

// Cells of the lines of the table in docs/security.md that begin with a method.
std::map<std::string, std::vector<std::string>> DocumentedRules() {
  std::ifstream file("docs/security.md");
  std::map<std::string, std::vector<std::string>> rules;
  for (std::string line; std::getline(file, line);) {
    if (!absl::StartsWith(line, "| `/")) continue;
    std::vector<std::string> cells;
    for (absl::string_view cell : absl::StrSplit(line, '|')) {
      cells.emplace_back(absl::StripAsciiWhitespace(cell));
    }
    const std::string method(absl::StripSuffix(absl::StripPrefix(cells[1], "`"), "`"));
    rules[method] = {cells.begin() + 2, cells.end() - 1};
  }
  return rules;
}

TEST_CASE("docs/security.md has the same table") {
  const auto documented = DocumentedRules();
  CHECK(documented.size() == AccessRules().size());
  for (const AccessRule& rule : AccessRules()) {
    INFO(rule.method);
    const auto found = documented.find(std::string(rule.method));
    REQUIRE(found != documented.end());
    REQUIRE(found->second.size() == std::size(kRoles));
    for (size_t i = 0; i < std::size(kRoles); ++i) {
      CHECK(found->second[i] == (rule.roles.Has(kRoles[i]) ? "yes" : ""));
    }
  }
}

TEST_CASE("who may not call is told who may") {
  const Identity alice = {Role::kUser, "alice"};
  CHECK_OK(CheckAccess(alice, "/paceline.v1.Scheduler/SubmitJob"));
  CHECK_OK(CheckAccess({Role::kWorker, "w"}, "/paceline.v1.DataPlane/Push"));
  CHECK_STATUS(CheckAccess(alice, "/paceline.v1.Scheduler/BackupState"), kDenied,
               "/paceline.v1.Scheduler/BackupState: user alice may not call it: it is for admin");
  CHECK_STATUS(CheckAccess({Role::kViewer, "eve"}, "/paceline.v1.Scheduler/CancelJob"), kDenied,
               "it is for admin, user");
}

TEST_CASE("nobody may call what has no rule") {
  for (const Role role : kRoles) {
    for (const char* method : {"", "/", "/paceline.v1.Scheduler/Shutdown", "/paceline.v1.Scheduler",
                               "/paceline.v1.Scheduler/GetJob/", "paceline.v1.Scheduler/GetJob"}) {
      CHECK_STATUS(CheckAccess({role, "x"}, method), kDenied, "no rule");
    }
  }
}

}  // namespace
}  // namespace paceline
