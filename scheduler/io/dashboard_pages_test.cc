// What the dashboard is told, and by whom it lets jobs be changed.
#include "scheduler/io/dashboard_pages.h"

#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/cut/held_cuts.h"
#include "common/fake_clock.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/memory_journal.h"

namespace paceline::scheduler {
namespace {

using nlohmann::json;

// As long as real ones.
constexpr char kToken[] = "5ecret5ecret5ecret5ecret5ecret5ecret5ecret5ecret5ecret5ecret5ecr";

struct Harness {
  Harness() {
    Coordinator::Options options;
    options.core.new_cluster_id = "c1";
    options.journal = &journal;
    options.clock = &real_clock;
    options.cuts = &cuts;
    auto started = Coordinator::Start(std::move(options));
    REQUIRE_OK(started.status());
    coordinator = *std::move(started);
    pages = std::make_unique<DashboardPages>(DashboardPages::Options{
        .coordinator = coordinator.get(), .clock = &clock, .token = kToken});
  }

  uint64_t Submit(const Identity& owner = Identity()) {
    v1::SubmitJobRequest request;
    *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_ASP);
    auto response = coordinator->SubmitJob(request, owner);
    REQUIRE_OK(response.status());
    return response->job_id();
  }

  HttpResponse Get(const std::string& path, std::optional<Identity> peer = std::nullopt) {
    return pages->Get({.path = path, .peer = std::move(peer)});
  }

  HttpResponse Post(const std::string& path, const std::string& body,
                    const std::string& authorization = absl::StrCat("Bearer ", kToken),
                    std::optional<Identity> peer = std::nullopt) {
    HttpRequest request = {.path = path, .body = body, .peer = std::move(peer)};
    if (!authorization.empty()) request.headers["authorization"] = authorization;
    return pages->Post(request);
  }

  json JobNow(uint64_t id) { return json::parse(Get(absl::StrCat("/api/jobs/", id)).body)["job"]; }

  MemoryJournal journal;
  MemoryFileSystem fs;
  HeldCuts cuts{HeldCuts::Options{.fs = &fs}};
  RealClock real_clock;
  // Of the pages.
  FakeClock clock;
  std::unique_ptr<Coordinator> coordinator;
  std::unique_ptr<DashboardPages> pages;
};

const Identity kAdmin = {.role = Role::kAdmin, .name = "ops"};
const Identity kAlice = {.role = Role::kUser, .name = "alice"};
const Identity kViewer = {.role = Role::kViewer, .name = "wall"};
const Identity kWorker = {.role = Role::kWorker, .name = "w1"};

TEST_CASE("the page and its parts, as what they are") {
  Harness harness;
  const HttpResponse page = harness.Get("/");
  CHECK(page.status == 200);
  CHECK(page.content_type == kHttpHtml);
  CHECK(absl::StartsWith(page.body, "<!doctype html>"));
  CHECK(harness.Get("/static/app.js").content_type == "text/javascript; charset=utf-8");
  CHECK(harness.Get("/static/style.css").content_type == "text/css; charset=utf-8");
  CHECK(harness.Get("/static/icon.svg").content_type == "image/svg+xml");
  for (const char* path :
       {"/static/", "/static/files.h", "/static/../app.js", "/static/x/app.js"}) {
    INFO(path);
    CHECK(harness.Get(path).status == 404);
  }
}

TEST_CASE("no part of the page does what its policy forbids") {
  Harness harness;
  const std::string page = harness.Get("/").body;
  CHECK_FALSE(absl::StrContains(page, " style="));
  CHECK_FALSE(absl::StrContains(page, "<style"));
  CHECK_FALSE(absl::StrContains(page, " on"));
  CHECK_FALSE(absl::StrContains(page, "<script>"));
  CHECK_FALSE(absl::StrContains(page, "//"));
  for (const char* name :
       {"actions", "app", "boot", "chart", "charts", "connection", "curves", "dom", "format", "job",
        "job_parts", "jobs", "nodes", "table", "tiles"}) {
    const HttpResponse script = harness.Get(absl::StrCat("/static/", name, ".js"));
    INFO(name);
    REQUIRE(script.status == 200);
    for (const char* word : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                             "eval(", "new Function", "https:"}) {
      CHECK_FALSE(absl::StrContains(script.body, word));
    }
  }
}

TEST_CASE("cluster and jobs as JSON") {
  Harness harness;
  const uint64_t id = harness.Submit();
  const HttpResponse cluster = harness.Get("/api/cluster");
  CHECK(cluster.content_type == kHttpJson);
  const json told = json::parse(cluster.body);
  CHECK(told["cluster"]["cluster_id"] == "c1");
  CHECK(told["cluster"]["jobs"]["pending"] == 1);
  CHECK(told["now_ms"] == "1000000000000");
  CHECK(told["needs_token"] == true);
  CHECK(told["caller"] == "");
  CHECK(json::parse(harness.Get("/api/cluster", kAlice).body)["caller"] == "user alice");
  CHECK(json::parse(harness.Get("/api/cluster", kAlice).body)["needs_token"] == false);

  const json rows = json::parse(harness.Get("/api/jobs").body);
  REQUIRE(rows["jobs"].size() == 1);
  CHECK(rows["left_out"] == 0);
  CHECK(rows["jobs"][0]["job_id"] == absl::StrCat(id));
  CHECK(rows["jobs"][0]["state"] == "JOB_STATE_PENDING");
  CHECK_FALSE(rows["jobs"][0].contains("events"));
  CHECK(harness.JobNow(id).contains("events"));
}

TEST_CASE("what is not there is not found") {
  Harness harness;
  harness.Submit();
  for (const char* path : {"/api/", "/api/jobs/", "/api/jobs/2", "/api/jobs/x", "/api/jobs/-1",
                           "/api/jobs/1/cancel", "/api/jobs/1/2/3", "/api/nodes/1"}) {
    INFO(path);
    CHECK(harness.Get(path).status == 404);
  }
  for (const char* path : {"/api/jobs/1", "/api/jobs/1/delete", "/api/jobs/2/cancel"}) {
    INFO(path);
    CHECK(harness.Post(path, "{}").status == 404);
  }
}

TEST_CASE("who knows the token may cancel") {
  Harness harness;
  const uint64_t id = harness.Submit();
  const std::string path = absl::StrCat("/api/jobs/", id, "/cancel");
  const std::string token = kToken;
  for (const std::string& authorization :
       {std::string(), std::string("Bearer "), "Bearer " + token.substr(1), "Bearer " + token + "s",
        token, "bearer " + token, "Basic " + token}) {
    INFO(authorization);
    CHECK(harness.Post(path, "{}", authorization).status == 401);
  }
  CHECK(harness.JobNow(id)["state"] == "JOB_STATE_PENDING");

  CHECK(harness.Post(path, R"({"reason": "<img onerror=alert(1)>"})").status == 200);
  CHECK(harness.JobNow(id)["state"] == "JOB_STATE_CANCELLED");
  CHECK(harness.JobNow(id)["reason"] == "<img onerror=alert(1)>");
  // It has ended: nothing to do, and nothing wrong.
  CHECK(harness.Post(path, "{}").status == 200);
}

TEST_CASE("without a token nothing can be changed in the clear") {
  Harness harness;
  const uint64_t id = harness.Submit();
  DashboardPages pages({.coordinator = harness.coordinator.get(), .clock = &harness.clock});
  HttpRequest request = {.path = absl::StrCat("/api/jobs/", id, "/cancel"), .body = "{}"};
  request.headers["authorization"] = "Bearer ";
  CHECK(pages.Post(request).status == 401);
}

TEST_CASE("a body that is none is refused and changes nothing") {
  Harness harness;
  const uint64_t id = harness.Submit();
  for (const char* body : {"", "x", "[]", "\"reason\"", R"({"reason": 7})", R"({"why": "x"})",
                           "{\"reason\": \"\xff\"}"}) {
    INFO(body);
    CHECK(harness.Post(absl::StrCat("/api/jobs/", id, "/cancel"), body).status == 400);
  }
  const std::string longest = absl::StrCat(R"({"reason": ")", std::string(60'000, 'x'), "\"}");
  CHECK(harness.Post(absl::StrCat("/api/jobs/", id, "/cancel"), longest).status == 400);
  CHECK(harness.JobNow(id)["state"] == "JOB_STATE_PENDING");
}

TEST_CASE("a checkpoint of a job that does not run is a conflict") {
  Harness harness;
  const uint64_t id = harness.Submit();
  CHECK(harness.Post(absl::StrCat("/api/jobs/", id, "/checkpoint"), "{}").status == 409);
}

TEST_CASE("certificates say who may see and change what") {
  Harness harness;
  const uint64_t id = harness.Submit();
  const std::string job = absl::StrCat("/api/jobs/", id);
  const std::string cancel = absl::StrCat(job, "/cancel");
  // A job of nobody is no user's.
  CHECK(harness.Get(job, kAlice).status == 403);
  CHECK(json::parse(harness.Get("/api/jobs", kAlice).body)["jobs"].empty());
  CHECK(harness.Get(job, kViewer).status == 200);
  CHECK(json::parse(harness.Get("/api/jobs", kViewer).body)["jobs"].size() == 1);
  CHECK(harness.Get("/api/cluster", kWorker).status == 403);
  CHECK(harness.Get(job, kWorker).status == 403);

  // Whoever has a certificate is whom it names, token or not.
  for (const Identity& peer : {kAlice, kViewer, kWorker}) {
    INFO(IdentityText(peer));
    CHECK(harness.Post(cancel, "{}", absl::StrCat("Bearer ", kToken), peer).status == 403);
  }
  CHECK(harness.JobNow(id)["state"] == "JOB_STATE_PENDING");
  CHECK(harness.Post(cancel, "{}", "", kAdmin).status == 200);
  CHECK(harness.JobNow(id)["state"] == "JOB_STATE_CANCELLED");
}

TEST_CASE("users see and cancel their own jobs") {
  Harness harness;
  const uint64_t id = harness.Submit(kAlice);
  const std::string job = absl::StrCat("/api/jobs/", id);
  const Identity bob = {.role = Role::kUser, .name = "bob"};
  CHECK(harness.Get(job, kAlice).status == 200);
  CHECK(harness.Get(job, bob).status == 403);
  CHECK(json::parse(harness.Get("/api/jobs", kAlice).body)["jobs"].size() == 1);
  CHECK(json::parse(harness.Get("/api/jobs", bob).body)["jobs"].empty());
  CHECK(harness.Post(absl::StrCat(job, "/cancel"), "{}", "", bob).status == 403);
  CHECK(harness.Post(absl::StrCat(job, "/cancel"), "{}", "", kAlice).status == 200);
}

TEST_CASE("a scheduler that ends says so") {
  Harness harness;
  harness.coordinator->Shutdown();
  CHECK(harness.Get("/api/jobs").status == 503);
  CHECK(harness.Get("/").status == 200);
}

}  // namespace
}  // namespace paceline::scheduler
