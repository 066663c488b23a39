// What a server keeps of replicated cuts; the others are file systems in memory.
#include "server/io/cut_store.h"

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/block_crc32c.h"
#include "common/cut/manifest.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "common/xxh3/xxh3.h"

namespace paceline::server {
namespace {

constexpr char kCluster[] = "c1";

std::string Dir(uint64_t cut) { return absl::StrFormat("cuts/%s/7/%08d", kCluster, cut); }

void Write(FileSystem& fs, uint64_t cut, const std::string& name, const std::string& bytes) {
  const std::string dir = absl::StrCat("/data/", Dir(cut));
  REQUIRE_OK(fs.CreateDirs(dir));
  REQUIRE_OK(WriteFileDurably(fs, JoinPath(dir, name), bytes));
}

// Disks of the scheduler and of the servers s1 and s2; the store under test is s1's.
struct Fixture {
  std::map<std::string, MemoryFileSystem> disks;
  HeldCuts cuts{{.fs = &disks["s1"],
                 .data_dir = "/data",
                 .open_peer = [this](const std::string& address, const std::string& dir,
                                     const std::string& name)
                     -> absl::StatusOr<std::unique_ptr<ReadableFile>> {
                   if (address == away) return absl::UnavailableError(address + " is away");
                   return disks.at(address).OpenForRead(absl::StrCat("/data/", dir, "/", name));
                 },
                 .scheduler = "scheduler"}};
  std::string away;
  Mutex mu;
  CondVar changed;
  std::unique_ptr<CutStore> store;

  Fixture() {
    disks["s2"];
    disks["scheduler"];
    Restart();
  }
  void Restart() {
    store = std::make_unique<CutStore>(CutStore::Options{.cuts = &cuts,
                                                         .address = [] { return "s1"; },
                                                         .changed =
                                                             [this] {
                                                               MutexLock lock(&mu);
                                                               changed.NotifyAll();
                                                             }});
    store->Heed(Answer());
  }
  static v1::HeartbeatResponse Answer() {
    v1::HeartbeatResponse response;
    response.mutable_scheduler()->set_cluster_id(kCluster);
    return response;
  }
  static std::string Bytes(const std::string& name) {
    return std::string(kCrcBlockBytes + 100, name.back());
  }
  // A cut of two files: "a", which s1 wrote, and "b", which s2 did; both hold both.
  v1::HoldOrder Sealed(uint64_t cut) {
    v1::CutManifest manifest;
    manifest.set_format_version(kCutFormatVersion);
    manifest.add_servers("s1");
    manifest.add_servers("s2");
    for (const char* name : {"a", "b"}) {
      v1::CutFile* file = manifest.add_files();
      file->set_name(name);
      file->set_bytes(Bytes(name).size());
      file->set_xxh3(Xxh3Hex(Bytes(name)));
      BlockCrc32c crc32c;
      crc32c.Update(Bytes(name));
      for (const std::uint32_t crc : crc32c.blocks()) file->add_block_crc32c(crc);
      file->add_holders(*name == 'a' ? 0 : 1);
      file->add_holders(*name == 'a' ? 1 : 0);
    }
    const std::string dir = absl::StrCat("/data/", Dir(cut));
    REQUIRE_OK(disks["scheduler"].CreateDirs(dir));
    REQUIRE_OK_AND_ASSIGN(const std::string xxh3, WriteManifest(disks["scheduler"], dir, manifest));
    v1::HoldOrder order;
    order.set_job_id(7);
    order.set_cut_id(cut);
    order.set_dir(Dir(cut));
    order.set_manifest_xxh3(xxh3);
    return order;
  }
  // Carries the order out, and says what became of it.
  v1::HeldCut Hold(const v1::HoldOrder& order) {
    v1::HeartbeatResponse response = Answer();
    *response.add_holds() = order;
    store->Heed(response);
    store->Heed(response);
    MutexLock lock(&mu);
    while (true) {
      for (const v1::HeldCut& held : store->Reports()) {
        if (held.cut_id() == order.cut_id() && (held.done() || !held.error().empty())) return held;
      }
      changed.Wait(&mu);
    }
  }
  std::string OnDisk(uint64_t cut, const std::string& name) {
    const auto bytes = ReadFile(disks["s1"], absl::StrCat("/data/", Dir(cut), "/", name));
    return bytes.ok() ? *bytes : "";
  }
};

TEST_CASE("a holder verifies what it has, copies what it lacks, and writes the manifest") {
  Fixture test;
  const v1::HoldOrder order = test.Sealed(3);
  Write(test.disks["s2"], 3, "b", Fixture::Bytes("b"));
  SECTION("its own file is whole") { Write(test.disks["s1"], 3, "a", Fixture::Bytes("a")); }
  SECTION("its own file is damaged, and somebody has a copy") {
    Write(test.disks["s1"], 3, "a", "damaged");
    Write(test.disks["s2"], 3, "a", Fixture::Bytes("a"));
  }
  const v1::HeldCut held = test.Hold(order);
  CHECK(held.error() == "");
  REQUIRE(held.done());
  CHECK(held.manifest_xxh3() == order.manifest_xxh3());
  CHECK((test.OnDisk(3, "a") == Fixture::Bytes("a")));
  CHECK((test.OnDisk(3, "b") == Fixture::Bytes("b")));
  CHECK(Xxh3Hex(test.OnDisk(3, "manifest.json")) == order.manifest_xxh3());
  // Durable, all of it.
  test.disks["s1"].ForgetUnsynced();
  CHECK((test.OnDisk(3, "b") == Fixture::Bytes("b")));
  CHECK(Xxh3Hex(test.OnDisk(3, "manifest.json")) == order.manifest_xxh3());
}

TEST_CASE("a copy that cannot be had is an error, and no manifest is written") {
  Fixture test;
  const v1::HoldOrder order = test.Sealed(3);
  Write(test.disks["s1"], 3, "a", Fixture::Bytes("a"));
  std::string want = "missing";
  SECTION("who wrote it has lost it") {}
  SECTION("who wrote it is away") {
    test.away = "s2";
    want = "s2 is away";
  }
  SECTION("nor can the manifest") {
    test.away = "scheduler";
    want = "scheduler is away";
  }
  const v1::HeldCut held = test.Hold(order);
  CHECK_FALSE(held.done());
  CHECK_THAT(held.error(), Catch::Contains(want));
  CHECK(test.OnDisk(3, "manifest.json").empty());
}

TEST_CASE("cuts that are kept no more are removed, also after a restart") {
  Fixture test;
  Write(test.disks["s1"], 1, "a", "x");
  Write(test.disks["s1"], 2, "a", "x");
  Write(test.disks["s1"], 2, "manifest.json", "x");
  test.Restart();
  REQUIRE(test.store->Reports().size() == 2);
  CHECK(test.store->Reports()[0].manifest_xxh3().empty());
  v1::HeartbeatResponse response = Fixture::Answer();
  v1::DropOrder* drop = response.add_drops();
  drop->set_job_id(7);
  drop->set_cut_id(2);
  drop->set_dir(Dir(2));
  test.store->Heed(response);
  CHECK(test.store->Reports().size() == 1);
  test.store->Heed(response);
  test.store->Stop();
  CHECK(test.OnDisk(1, "a") == "x");
  CHECK_FALSE(test.disks["s1"].Exists(absl::StrCat("/data/", Dir(2))));
}

TEST_CASE("files of a cut that this server is about to write are known from its order on") {
  Fixture test;
  v1::HeartbeatResponse response = Fixture::Answer();
  v1::ServerJobOrder* order = response.add_jobs();
  order->set_job_id(7);
  order->mutable_cut()->set_cut_id(4);
  order->mutable_cut()->set_dir("/shared/7/00000004");
  test.store->Heed(response);
  CHECK(test.store->Reports().empty());
  order->mutable_cut()->set_dir(Dir(4));
  test.store->Heed(response);
  REQUIRE(test.store->Reports().size() == 1);
  CHECK(test.store->Reports()[0].cut_id() == 4);
}

}  // namespace
}  // namespace paceline::server
