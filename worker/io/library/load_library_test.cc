#include "worker/io/library/load_library.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/hash.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/io/library/open_model.h"
#include "worker/io/library/testing/library_folder.h"

namespace paceline::worker {
namespace {

namespace stdfs = std::filesystem;

using testing::LibraryFolder;

constexpr char kExample[] = "worker/api/poisson.so";

TEST_CASE("a library is loaded from its folder, and hashed") {
  const LibraryFolder folder({kExample});
  REQUIRE_OK_AND_ASSIGN(const LoadedLibrary loaded, LoadLibrary(folder.path(), "poisson.so"));
  CHECK(loaded.api->major == PACELINE_MODEL_MAJOR);
  std::ifstream file(kExample, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  CHECK(loaded.hash == HashBytes(bytes));
  // A symbolic link that stays inside is a name like any other.
  stdfs::create_symlink("poisson.so", folder.path() + "/within.so");
  REQUIRE_OK_AND_ASSIGN(const LoadedLibrary link, LoadLibrary(folder.path(), "within.so"));
  CHECK(link.api == loaded.api);
}

TEST_CASE("nothing but a library of the folder is loaded") {
  const LibraryFolder elsewhere({kExample});
  const LibraryFolder folder(
      {kExample, "worker/io/library/no_entry.so", "worker/io/library/other_version.so"});
  const std::string dir = folder.path();
  stdfs::create_symlink(elsewhere.path() + "/poisson.so", dir + "/out.so");
  stdfs::create_directory(dir + "/deeper");
  std::ofstream(dir + "/text.so") << "no library";
  struct Case {
    std::string dir;
    std::string file;
    absl::StatusCode code;
    std::string message;
  };
  const std::string name = "model.library.file: the name of a file in the folder --model-dir";
  const Case cases[] = {
      {"", "poisson.so", absl::StatusCode::kFailedPrecondition,
       "model.library.file poisson.so: the worker was started without --model-dir"},
      {dir, "../elsewhere/poisson.so", absl::StatusCode::kInvalidArgument, name},
      {dir, "/lib/x.so", absl::StatusCode::kInvalidArgument, name},
      {dir, "", absl::StatusCode::kInvalidArgument, name},
      {dir, "..", absl::StatusCode::kInvalidArgument, name},
      {dir, "out.so", absl::StatusCode::kPermissionDenied, "leads out of"},
      {dir, "deeper", absl::StatusCode::kInvalidArgument, "deeper: a file expected"},
      {dir, "none.so", absl::StatusCode::kNotFound, "none.so"},
      {dir, "text.so", absl::StatusCode::kFailedPrecondition, "text.so: cannot be loaded: "},
      {dir, "no_entry.so", absl::StatusCode::kFailedPrecondition,
       "no_entry.so: an entry point paceline_model expected"},
      {dir, "other_version.so", absl::StatusCode::kFailedPrecondition,
       "other_version.so: was built for version 2.4 of the interface, this worker has 1.0"},
  };
  for (const Case& c : cases) {
    INFO(c.file);
    CHECK_STATUS(LoadLibrary(c.dir, c.file).status(), c.code, c.message);
  }
}

TEST_CASE("a model that throws when it is made is an error, not the end of the process") {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LIBRARY);
  spec.mutable_model()->mutable_library()->set_file("throwing.so");
  v1::LibraryTableSpec* table = spec.mutable_model()->mutable_library()->add_tables();
  table->set_name("weight");
  table->set_dim(1);
  const LibraryFolder folder({"worker/io/library/throwing.so"});
  CHECK_STATUS(OpenModel(WithDefaults(spec), 4, 0, folder.path()).status(),
               absl::StatusCode::kInvalidArgument,
               "model.library.file throwing.so: model.library.tables: a table a table that there "
               "is not expected, got none");
}

}  // namespace
}  // namespace paceline::worker
