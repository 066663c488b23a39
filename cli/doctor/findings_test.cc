// What is said of a cluster, for everything that can be wrong with it.
#include "cli/doctor/findings.h"

#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/doctor/links.h"

namespace paceline::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);

Examined Well() {
  Examined daemon = {.role = "server", .address = "10.0.0.2:7071", .asked = kNow};
  daemon.round_trip = absl::Milliseconds(2);
  v1::InspectResponse& answer = daemon.answer;
  answer.set_version("1.2");
  answer.set_time_ms(absl::ToUnixMillis(kNow));
  answer.set_descriptor_limit(65536);
  answer.set_descriptors(100);
  answer.set_connection_limit(1000);
  answer.set_connections(10);
  answer.set_tls(true);
  v1::HostStatus& host = *answer.mutable_host();
  host.set_disk_bytes(1000);
  host.set_disk_free_bytes(500);
  host.set_memory_bytes(1000);
  host.set_memory_available_bytes(500);
  host.set_processors(4);
  host.set_load(1);
  host.set_certificate_expires_ms(absl::ToUnixMillis(kNow + absl::Hours(24 * 30)));
  return daemon;
}

// "warn: clock ..." of all that is not ok.
std::string Wrong(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    if (finding.health == Health::kOk) {
      CHECK(finding.hint.empty());
      continue;
    }
    CHECK_FALSE(finding.hint.empty());
    absl::StrAppend(&text, text.empty() ? "" : "; ", HealthName(finding.health), ": ",
                    finding.what);
  }
  return text;
}

std::string Wrong(const Examined& daemon) { return Wrong(FindingsOf(daemon, "1.2", kNow)); }

TEST_CASE("a daemon that is well has nothing wrong, and everything is looked at") {
  CHECK(Wrong(Well()).empty());
  CHECK(FindingsOf(Well(), "1.2", kNow).size() == 10);
  CHECK(FindingsOf(Well(), "1.2", kNow)[0].subject == "server 10.0.0.2:7071");
}

TEST_CASE("each thing that is wrong with a daemon is said") {
  Examined daemon = Well();
  SECTION("not reachable") {
    daemon.status = absl::UnavailableError("connection refused");
    CHECK(Wrong(daemon) == "fail: not reachable from here: connection refused");
  }
  SECTION("an older one") {
    daemon.status = absl::UnimplementedError("");
    CHECK(Wrong(daemon) == "warn: reachable, and too old to be examined");
  }
  SECTION("not for us") {
    daemon.status = absl::PermissionDeniedError("role viewer");
    CHECK(Wrong(daemon) == "warn: reachable: role viewer");
  }
  SECTION("another version") {
    daemon.answer.set_version("1.1");
    CHECK(Wrong(daemon) == "fail: version 1.1, the scheduler's is 1.2");
  }
  SECTION("a clock that is wrong, by more than the call took") {
    daemon.answer.set_time_ms(absl::ToUnixMillis(kNow - absl::Milliseconds(1500)));
    CHECK(Wrong(daemon) == "warn: clock 1.5 s behind this machine's");
    daemon.round_trip = absl::Seconds(2);
    CHECK(Wrong(daemon).empty());
  }
  SECTION("little disk and memory") {
    daemon.answer.mutable_host()->set_disk_free_bytes(99);
    daemon.answer.mutable_host()->set_memory_available_bytes(99);
    CHECK(Wrong(daemon) == "warn: disk: 99 B of 1000 B free; warn: memory: 99 B of 1000 B free");
  }
  SECTION("too much to do") {
    daemon.answer.mutable_host()->set_load(8.5);
    CHECK(Wrong(daemon) == "warn: load 8.50 on 4 processors");
  }
  SECTION("limits") {
    daemon.answer.set_descriptor_limit(1024);
    daemon.answer.set_descriptors(900);
    daemon.answer.set_connections(900);
    CHECK(Wrong(daemon) ==
          "warn: at most 1024 open files; warn: 900 of 1024 open files; "
          "warn: 900 of 1000 connections");
  }
  SECTION("a certificate that ends, or has ended") {
    daemon.answer.mutable_host()->set_certificate_expires_ms(
        absl::ToUnixMillis(kNow + absl::Hours(24 * 13)));
    CHECK(Wrong(daemon) == "warn: TLS, certificate ends in 13 days");
    daemon.answer.mutable_host()->set_certificate_expires_ms(absl::ToUnixMillis(kNow) - 1);
    CHECK(Wrong(daemon) == "fail: certificate expired");
  }
  SECTION("no TLS matters to those whom others reach") {
    daemon.answer.set_tls(false);
    CHECK(Wrong(daemon) == "warn: no TLS");
    daemon.address = "127.0.0.1:7071";
    CHECK(Wrong(daemon).empty());
  }
  SECTION("HTTP") {
    daemon.http_error = "10.0.0.2:8071: Connection refused";
    CHECK(Wrong(daemon) == "warn: HTTP: 10.0.0.2:8071: Connection refused");
  }
  SECTION("what is not known is not said") {
    daemon.answer.Clear();
    daemon.answer.set_version("1.2");
    daemon.answer.set_tls(true);
    CHECK(Wrong(daemon).empty());
  }
}

v1::Cluster ClusterOf(int servers, int workers) {
  v1::Cluster cluster;
  cluster.set_version("1.2");
  cluster.set_address("sch:1");
  for (int i = 0; i < servers + workers; ++i) {
    v1::NodeStatus* node = cluster.add_nodes();
    node->set_live(true);
    node->set_role(i < servers ? v1::NODE_ROLE_SERVER : v1::NODE_ROLE_WORKER);
    node->set_address(i < servers ? absl::StrCat("s", i, ":1")
                                  : absl::StrCat("w", i - servers, ":1"));
  }
  return cluster;
}

TEST_CASE("what is wrong with the cluster as a whole") {
  v1::Cluster cluster = ClusterOf(1, 1);
  CHECK(Wrong(FindingsOf(cluster, {Well(), Well()}, "1.2")).empty());
  Examined open = Well();
  open.answer.set_tls(false);
  CHECK(Wrong(FindingsOf(cluster, {Well(), open}, "1.2")) ==
        "fail: some daemons have TLS and others have none");
  CHECK(Wrong(FindingsOf(cluster, {}, "1.3")) == "warn: scheduler 1.2, pacectl 1.3");
  cluster.mutable_nodes(0)->set_live(false);
  cluster.mutable_nodes(0)->set_heartbeat_age_seconds(9);
  CHECK(Wrong(FindingsOf(cluster, {}, "1.2")) ==
        "fail: server s0:1: silent for 9 s; warn: no server is live");
  cluster = ClusterOf(1, 0);
  cluster.set_alarm("half of the nodes fell silent");
  CHECK(Wrong(FindingsOf(cluster, {}, "1.2")) ==
        "fail: half of the nodes fell silent; warn: no worker is live");
}

TEST_CASE("links are judged by their speed") {
  MeasuredLink link = {.from = "worker w:1", .to = "server s:1"};
  link.answer.set_round_trip_seconds(0.0002);
  link.answer.set_send_bytes_per_second(1e9);
  link.answer.set_receive_bytes_per_second(1e9);
  const Finding well = FindingOf(link);
  CHECK(well.health == Health::kOk);
  CHECK(well.subject == "worker w:1 -> server s:1");
  CHECK(well.what == "0.2 ms, 953.7 MiB/s there, 953.7 MiB/s back");
  link.answer.set_receive_bytes_per_second(1e6);
  CHECK(FindingOf(link).health == Health::kWarn);
  link.answer.set_receive_bytes_per_second(1e9);
  link.answer.set_round_trip_seconds(0.08);
  CHECK(FindingOf(link).health == Health::kWarn);
  link.status = absl::UnavailableError("no route");
  CHECK(FindingOf(link).health == Health::kFail);
  link.status = absl::UnimplementedError("");
  CHECK(FindingOf(link).health == Health::kWarn);
}

TEST_CASE("links of all pairs of roles are measured, of each a few") {
  const auto links = [](const v1::Cluster& cluster) {
    std::string text;
    for (const Link& link : LinksToMeasure(cluster)) {
      absl::StrAppend(&text, text.empty() ? "" : " ", link.from.address, ">", link.to.address);
    }
    return text;
  };
  CHECK(links(ClusterOf(0, 0)).empty());
  CHECK(links(ClusterOf(1, 1)) == "w0:1>s0:1 w0:1>sch:1 s0:1>sch:1");
  CHECK(links(ClusterOf(2, 1)) ==
        "w0:1>s0:1 w0:1>s1:1 s0:1>s1:1 s1:1>s0:1 w0:1>sch:1 s0:1>sch:1 s1:1>sch:1");
  CHECK(LinksToMeasure(ClusterOf(100, 100)).size() == 4 * kMaxLinksOfRoles);
  v1::Cluster cluster = ClusterOf(1, 1);
  cluster.mutable_nodes(0)->set_live(false);
  CHECK(links(cluster) == "w0:1>sch:1");
}

}  // namespace
}  // namespace paceline::cli
