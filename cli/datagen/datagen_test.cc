#include "cli/datagen/datagen.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "cli/datagen/datagen_flags.h"
#include "cli/test_environment.h"
#include "common/fs.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

// A command line of its own.
struct Tool {
  TestEnvironment test;
  absl::Status status;

  std::string Path(const std::string& name) { return JoinPath(test.folder.path(), name); }

  std::string Read(const std::string& name) {
    REQUIRE_OK_AND_ASSIGN(std::string text, ReadFile(test.fs, Path(name)));
    return text;
  }

  // False if the flags are wrong; else `status` is what came.
  bool Run(std::vector<std::string> flags, OutputFormat format = OutputFormat::kTable) {
    CLI::App app;
    AddDatagenKinds({.add = [&](const std::string& name, const std::string& help,
                                const std::string&) { return app.add_subcommand(name, help); },
                     .on =
                         [&](CLI::App* command, std::shared_ptr<const DatagenOptions> options,
                             MakeGenerator make) {
                           command->callback([this, options, make, format] {
                             status = Datagen(*options, make, format, test.env).status();
                           });
                         }});
    std::reverse(flags.begin(), flags.end());
    try {
      app.parse(flags);
    } catch (const CLI::ParseError&) {
      return false;
    }
    return true;
  }
};

size_t LinesOf(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("standard output is the default") {
  Tool tool;
  REQUIRE(tool.Run({"ratings", "--rows", "5"}));
  CHECK_OK(tool.status);
  CHECK(LinesOf(tool.test.out.str()) == 5);
  CHECK(tool.test.err.str().find("train -: rows 5, mean_rating ") == 0);
}

TEST_CASE("files: records, held-out records, truth and facts") {
  Tool tool;
  REQUIRE(
      tool.Run({"ctr", "--rows", "95", "--seed", "3", "--categories", "1000", "--out",
                tool.Path("train"), "--holdout", tool.Path("test"), "--truth", tool.Path("truth")},
               OutputFormat::kJson));
  CHECK_OK(tool.status);
  CHECK(tool.test.out.str().empty());
  CHECK(LinesOf(tool.Read("train")) == 95);
  CHECK(LinesOf(tool.Read("truth")) == 95);
  CHECK(LinesOf(tool.Read("test")) == 10);
  const auto json = nlohmann::json::parse(tool.test.err.str());
  CHECK(json["train"]["rows"] == 95);
  CHECK(json["train"]["path"] == tool.Path("train"));
  CHECK(json["train"].contains("best_auc"));
  CHECK(json["holdout"]["rows"] == 10);

  // Held-out records depend on the seed and the model alone.
  REQUIRE(tool.Run({"ctr", "--rows", "7", "--seed", "3", "--categories", "1000", "--out",
                    tool.Path("few"), "--holdout", tool.Path("again"), "--holdout-rows", "10"}));
  CHECK(tool.Read("again") == tool.Read("test"));
  CHECK(tool.Read("train").substr(0, tool.Read("few").size()) == tool.Read("few"));
}

TEST_CASE("a model's parameters") {
  Tool tool;
  REQUIRE(tool.Run({"linear", "--rows", "3", "--features", "4", "--csv", "--model",
                    tool.Path("weights"), "--out", tool.Path("d")}));
  CHECK_OK(tool.status);
  CHECK(LinesOf(tool.Read("weights")) == 5);
  REQUIRE(tool.Run({"blobs", "--rows", "3", "--clusters", "4", "--model", tool.Path("centers"),
                    "--out", tool.Path("e")}));
  CHECK_OK(tool.status);
  CHECK(LinesOf(tool.Read("centers")) == 4);
}

TEST_CASE("text of any size in pieces") {
  Tool tool;
  REQUIRE(tool.Run({"text", "--rows", "3000000", "--out", tool.Path("t")}));
  CHECK_OK(tool.status);
  CHECK(tool.Read("t").size() == 3'000'000);
}

TEST_CASE("wrong flags") {
  Tool tool;
  const std::vector<std::vector<std::string>> wrong = {
      {"ctr", "--rows", "0"},
      {"ctr", "--rows", "-1"},
      {"ctr", "--rows", "2000000000000"},
      {"ctr", "--categories", "10"},
      {"ctr", "--missing", "1.5"},
      {"ratings", "--rank", "0"},
      {"ratings", "--model", "x"},
      {"linear", "--csv", "--nonzeros", "3"},
      {"blobs", "--dims", "100000"},
      {"text", "--order", "9"},
      {"text", "--sigma", "1"},
  };
  for (const std::vector<std::string>& flags : wrong) {
    CAPTURE(flags);
    CHECK_FALSE(tool.Run(flags));
  }
}

TEST_CASE("what cannot be done is said, and leaves no file") {
  Tool tool;
  REQUIRE(tool.Run({"ctr", "--out", tool.Path("a"), "--holdout", tool.Path("a")}));
  CHECK_STATUS(tool.status, absl::StatusCode::kInvalidArgument, "got it twice");
  REQUIRE(tool.Run({"ctr", "--out", tool.Path("a"), "--holdout-rows", "5"}));
  CHECK_STATUS(tool.status, absl::StatusCode::kInvalidArgument,
               "--holdout-rows: --holdout FILE expected with it");
  REQUIRE(tool.Run({"linear", "--features", "3", "--nonzeros", "4", "--out", tool.Path("a")}));
  CHECK_STATUS(tool.status, absl::StatusCode::kInvalidArgument,
               "--nonzeros: at most --features = 3 expected, got 4");
  CHECK_FALSE(tool.test.fs.Exists(tool.Path("a")));
  REQUIRE(tool.Run({"ctr", "--rows", "5", "--out", tool.Path("no/such/folder")}));
  CHECK_STATUS(tool.status, absl::StatusCode::kNotFound, "no/such/folder");
  tool.test.interrupt.Request();
  REQUIRE(tool.Run({"text", "--rows", "3000000", "--out", tool.Path("a")}));
  CHECK_STATUS(tool.status, absl::StatusCode::kCancelled, "interrupted");
  CHECK_FALSE(tool.test.fs.Exists(tool.Path("a")));
}

TEST_CASE("half a data set goes, what it was to be written to stays") {
  Tool tool;
  tool.test.interrupt.Request();
  // A link to a file: the file goes.
  std::filesystem::create_symlink(tool.Path("file"), tool.Path("link"));
  REQUIRE(tool.Run({"text", "--rows", "3000000", "--out", tool.Path("link")}));
  CHECK_STATUS(tool.status, absl::StatusCode::kCancelled, "interrupted");
  CHECK_FALSE(tool.test.fs.Exists(tool.Path("file")));
  CHECK(std::filesystem::is_symlink(tool.Path("link")));
  // A pipe: it stays.
  const std::string pipe = tool.Path("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::thread reader([&pipe] {
    const int end = open(pipe.c_str(), O_RDONLY);
    char bytes[4096];
    while (read(end, bytes, sizeof(bytes)) > 0) {
    }
    close(end);
  });
  const bool ran = tool.Run({"text", "--rows", "3000000", "--out", pipe});
  reader.join();
  REQUIRE(ran);
  CHECK_STATUS(tool.status, absl::StatusCode::kCancelled, "interrupted");
  CHECK(std::filesystem::is_fifo(pipe));
}

}  // namespace
}  // namespace paceline::cli
