// Replicated cuts read from the disks of several servers.
#include "common/rpc/peer_files.h"

#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/block_crc32c.h"
#include "common/cut/held_cuts.h"
#include "common/cut/verified_file.h"
#include "common/fs_memory.h"
#include "common/rpc/channel.h"
#include "common/rpc/cut_file_service.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"
#include "common/xxh3/xxh3.h"
#include "proto/node.grpc.pb.h"

namespace paceline {
namespace {

constexpr char kDir[] = "cuts/cluster/7/00000003";

// A holder's disk and the service that reads it.
struct Holder {
  MemoryFileSystem fs;
  HeldCuts cuts{{.fs = &fs, .data_dir = "/data", .open_peer = MakePeerFiles()}};
  CutFileService service{&cuts};
  std::unique_ptr<grpc::Server> server;
  std::string address;

  Holder() {
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
    address = absl::StrCat("127.0.0.1:", port);
  }
  void Write(const std::string& bytes) {
    REQUIRE_OK(fs.CreateDirs(cuts.PathOf(kDir)));
    REQUIRE_OK(WriteFileDurably(fs, JoinPath(cuts.PathOf(kDir), "f"), bytes));
  }
};

struct Fixture {
  Holder own;
  Holder first;
  Holder second;
  std::string bytes;
  v1::CutManifest manifest;

  Fixture() {
    for (uint64_t i = 0; i < 5 * kCrcBlockBytes / 2; ++i) {
      bytes.push_back(static_cast<char>(i * 2654435761u >> 13));
    }
    manifest.add_servers(first.address);
    manifest.add_servers(second.address);
    v1::CutFile* file = manifest.add_files();
    file->set_name("f");
    file->set_bytes(bytes.size());
    file->set_xxh3(Xxh3Hex(bytes));
    BlockCrc32c crc32c;
    crc32c.Update(bytes);
    for (const std::uint32_t crc : crc32c.blocks()) file->add_block_crc32c(crc);
    file->add_holders(0);
    file->add_holders(1);
  }
  std::string Damaged(uint64_t at) const {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    return damaged;
  }
  absl::Status Verify() {
    const std::unique_ptr<CutFolder> folder = own.cuts.Open(kDir, manifest);
    const auto file = VerifiedFile::Open(*folder, manifest.files(0));
    return file.ok() ? (*file)->VerifyAll(nullptr) : file.status();
  }
};

TEST_CASE("a block is taken from a copy that has it whole") {
  Fixture test;
  SECTION("all whole") {
    test.own.Write(test.bytes);
    test.first.Write(test.bytes);
  }
  SECTION("the own disk has none") { test.first.Write(test.bytes); }
  SECTION("nor has the first holder") { test.second.Write(test.bytes); }
  SECTION("each copy is damaged somewhere else") {
    test.own.Write(test.Damaged(5));
    test.first.Write(test.Damaged(kCrcBlockBytes + 5));
    test.second.Write(test.Damaged(17));
  }
  SECTION("the first holder is away") {
    test.first.server->Shutdown();
    test.second.Write(test.bytes);
  }
  CHECK_OK(test.Verify());
}

TEST_CASE("a cut is damaged only if no copy may come back") {
  Fixture test;
  test.own.Write(test.Damaged(5));
  SECTION("nobody else has it") {
    CHECK_STATUS(test.Verify(), absl::StatusCode::kDataLoss, "CRC32C of the block at byte 0");
  }
  SECTION("who has it is away") {
    test.first.server->Shutdown();
    CHECK_STATUS(test.Verify(), absl::StatusCode::kUnavailable, test.first.address);
  }
}

TEST_CASE("the manifest comes from the scheduler where there is none") {
  Fixture test;
  REQUIRE_OK(test.first.fs.CreateDirs(test.first.cuts.PathOf(kDir)));
  const std::string path = JoinPath(test.first.cuts.PathOf(kDir), "manifest.json");
  REQUIRE_OK(WriteFileDurably(test.first.fs, path, "{}"));
  const HeldCuts cuts({.fs = &test.own.fs,
                       .data_dir = "/data",
                       .open_peer = MakePeerFiles(),
                       .scheduler = test.first.address});
  REQUIRE_OK_AND_ASSIGN(const std::string json, cuts.ManifestBytes(kDir, Xxh3Hex("{}"), {}));
  CHECK(json == "{}");
  CHECK_STATUS(cuts.ManifestBytes(kDir, Xxh3Hex("[]"), {}), absl::StatusCode::kDataLoss, "XXH3");
  // Or, if the scheduler has lost it, from a holder.
  const HeldCuts scheduler(
      {.fs = &test.second.fs, .data_dir = "/data", .open_peer = MakePeerFiles()});
  HeldCuts::Addresses holders;
  holders.Add(std::string(test.second.address));
  CHECK_STATUS(scheduler.ManifestBytes(kDir, Xxh3Hex("{}"), holders), absl::StatusCode::kNotFound,
               test.second.address);
  holders.Add(std::string(test.first.address));
  CHECK_OK(scheduler.ManifestBytes(kDir, Xxh3Hex("{}"), holders));
  // A shared folder is nobody else's.
  CHECK_STATUS(cuts.ManifestBytes("/shared/1", Xxh3Hex("{}"), {}), absl::StatusCode::kNotFound,
               "/shared/1");
}

TEST_CASE("nothing but files of cuts is given out") {
  for (const char* dir : {"", "/etc", "cuts", "cuts/a/b", "cuts/a/../c", "cuts/a/b/c/d", "../a/b/c",
                          "data/a/b/c", "cuts//b/c", "cuts/a/b/."}) {
    INFO(dir);
    CHECK_STATUS(CheckHeldPath(dir, "f"), absl::StatusCode::kInvalidArgument, "cuts/");
  }
  for (const char* name : {"", ".", "..", "a/b", "/etc/passwd"}) {
    INFO(name);
    CHECK_STATUS(CheckHeldPath(kDir, name), absl::StatusCode::kInvalidArgument, "cuts/");
  }
  CHECK_OK(CheckHeldPath(kDir, "shard-000001.safetensors"));
  Holder holder;
  holder.Write("x");
  const OpenPeerFile open = MakePeerFiles();
  CHECK_STATUS(open(holder.address, "cuts/../../etc", "passwd"), absl::StatusCode::kInvalidArgument,
               "expected");
  CHECK_STATUS(open(holder.address, kDir, "g"), absl::StatusCode::kNotFound, holder.address);
  CHECK_OK(open(holder.address, kDir, "f").status());
}

TEST_CASE("a piece is at most 256 KiB, and shorter at the end of the file") {
  Holder holder;
  holder.Write("0123456789");
  const auto stub =
      v1::CutFiles::NewStub(MakeChannel(holder.address, grpc::InsecureChannelCredentials()));
  const auto read = [&](uint64_t offset, uint32_t bytes, v1::ReadCutFileResponse* response) {
    v1::ReadCutFileRequest request;
    request.set_dir(kDir);
    request.set_name("f");
    request.set_offset(offset);
    request.set_bytes(bytes);
    grpc::ClientContext context;
    return FromGrpcStatus(stub->ReadCutFile(&context, request, response));
  };
  v1::ReadCutFileResponse response;
  CHECK_STATUS(read(0, kPeerPieceBytes + 1, &response), absl::StatusCode::kInvalidArgument,
               "at most 262144 bytes");
  CHECK_OK(read(7, kPeerPieceBytes, &response));
  CHECK(response.data() == "789");
  CHECK(response.file_bytes() == 10);
  CHECK_OK(read(~uint64_t{0}, 1, &response));
  CHECK(response.data().empty());
}

}  // namespace
}  // namespace paceline
