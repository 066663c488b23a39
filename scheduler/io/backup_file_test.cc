#include "scheduler/io/backup_file.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/hash.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"

namespace paceline::scheduler {
namespace {

// One job that has ended, one that runs, one that waits.
v1::StateSnapshot SomeState() {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  REQUIRE(cluster.RunUntilEnded(cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP), "one")));
  const uint64_t running = cluster.Submit(CountingSpec(4, 1, v1::POLICY_ASP), "two");
  REQUIRE(cluster.RunUntil(running, v1::JOB_STATE_RUNNING));
  cluster.Submit(CountingSpec(2, 1, v1::POLICY_ASP), "three");
  return cluster.core().state().Snapshot();
}

// The file with another format version and a checksum that matches.
std::string WithVersion(std::string file, uint32_t version) {
  file.resize(file.size() - 8);
  for (int i = 0; i < 4; ++i) file[8 + i] = static_cast<char>(version >> (8 * i) & 0xff);
  const uint64_t hash = HashBytes(file);
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<char>(hash >> (8 * i) & 0xff));
  return file;
}

TEST_CASE("a backup holds the whole state") {
  const v1::StateSnapshot state = SomeState();
  REQUIRE_OK_AND_ASSIGN(const std::string file, EncodeBackup(state));
  REQUIRE_OK_AND_ASSIGN(const v1::StateSnapshot read, DecodeBackup(file));
  CHECK((read.SerializeAsString() == state.SerializeAsString()));
  CHECK(read.jobs_size() == 3);
}

TEST_CASE("a backup with any byte missing, added or changed is refused") {
  REQUIRE_OK_AND_ASSIGN(const std::string file, EncodeBackup(SomeState()));
  int taken = 0;
  for (size_t bytes = 0; bytes < file.size(); ++bytes) {
    taken += DecodeBackup(absl::string_view(file).substr(0, bytes)).ok();
  }
  CHECK(DecodeBackup(file + '\0').status().code() == absl::StatusCode::kDataLoss);
  std::string flipped = file;
  const auto flip = [&](size_t bit) { flipped[bit / 8] ^= static_cast<char>(1 << bit % 8); };
  // Every bit of the first and last kilobyte, thousands of those between.
  size_t tried = 0;
  for (size_t bit = 0; bit < file.size() * 8;) {
    flip(bit);
    taken += DecodeBackup(flipped).ok();
    flip(bit);
    ++tried;
    const bool edge = bit < 8192 || bit + 8192 > file.size() * 8;
    bit += edge ? 1 : 1 + MixBits(bit) % 16;
  }
  CHECK(tried > 5000);
  CHECK(taken == 0);
  CHECK_STATUS(DecodeBackup("not a backup, but a text that is long enough to be one"),
               absl::StatusCode::kDataLoss, "PLBACKUP");
}

TEST_CASE("a newer format of a backup is refused, naming both") {
  REQUIRE_OK_AND_ASSIGN(const std::string file, EncodeBackup(SomeState()));
  CHECK_OK(DecodeBackup(WithVersion(file, 1)).status());
  CHECK_STATUS(DecodeBackup(WithVersion(file, 2)), absl::StatusCode::kFailedPrecondition,
               "format version 2, this program reads 1 to 1");
  CHECK_STATUS(DecodeBackup(WithVersion(file, 0)), absl::StatusCode::kDataLoss, "format version 0");
  // A newer file need not look like ours beyond its version.
  CHECK_STATUS(DecodeBackup(WithVersion(file, 7).substr(0, 48)),
               absl::StatusCode::kFailedPrecondition, "format version 7");
}

}  // namespace
}  // namespace paceline::scheduler
