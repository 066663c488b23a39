// Files that outlive a process: manifests of cuts, backups of the scheduler's state, port
// files, indexes of records.
#include <string>

#include "common/check.h"
#include "common/cut/manifest.h"
#include "common/daemon/port_file.h"
#include "common/fs_memory.h"
#include "common/hash.h"
#include "scheduler/io/backup_file.h"
#include "tests/fuzz/fuzz_target.h"
#include "worker/core/data/record_index.h"

namespace paceline::fuzz {
namespace {

constexpr char kKey[] = "train.libsvm 17";

std::string Manifest() {
  MemoryFileSystem fs;
  PL_CHECK(fs.CreateDirs("/cut").ok());
  v1::CutManifest manifest;
  manifest.set_format_version(kCutFormatVersion);
  manifest.set_job_id(7);
  manifest.set_cut_id(3);
  manifest.add_tables()->set_name("w");
  v1::CutFile* const file = manifest.add_files();
  file->set_name(ShardFileName(0));
  file->set_bytes(100);
  file->add_block_crc32c(7);
  manifest.add_progress(12);
  manifest.add_grants()->add_grants()->set_count(5);
  PL_CHECK(WriteManifest(fs, "/cut", manifest).ok());
  return *ReadFile(fs, JoinPath("/cut", kManifestName));
}

std::string Index() {
  worker::RecordIndexBuilder builder(/*max_offsets=*/4);
  for (uint64_t i = 0; i < 9; ++i) builder.AddGood(i * 10, static_cast<float>(i % 2), i);
  builder.AddBad(90, 10, "no label");
  return worker::EncodeRecordIndex(builder.Finish(100), kKey);
}

// The index with the checksum that its bytes have.
std::string WithHash(absl::string_view body) {
  std::string bytes(body);
  const uint64_t hash = HashBytes(body);
  bytes.append(reinterpret_cast<const char*>(&hash), sizeof(hash));
  return bytes;
}

}  // namespace

std::vector<std::string> Seeds() {
  v1::StateSnapshot state;
  state.set_format_version(1);
  state.set_cluster_id("0123456789abcdef");
  state.add_jobs()->set_job_id(1);
  const auto backup = scheduler::EncodeBackup(state);
  PL_CHECK(backup.ok());
  const std::string index = Index();
  return {Manifest(), *backup, index, index.substr(0, index.size() - sizeof(uint64_t)),
          "port 7071\nhttp_port 8071\n"};
}

void FuzzOne(absl::string_view input) {
  (void)ParseManifest("/cut/manifest.json", std::string(input));
  (void)scheduler::DecodeBackup(input);
  MemoryFileSystem fs;
  PL_CHECK(WriteFileDurably(fs, "/ports", input).ok());
  (void)ReadPortFile(fs, "/ports");
  (void)worker::DecodeRecordIndex(input, kKey);
  if (const auto index = worker::DecodeRecordIndex(WithHash(input), kKey); index.ok()) {
    for (uint64_t record = 0; record < std::min<uint64_t>(index->records, 64); ++record) {
      PL_CHECK(index->GroupBegin(record) <= index->GroupEnd(record));
      (void)index->IsBad(record);
    }
  }
}

}  // namespace paceline::fuzz
