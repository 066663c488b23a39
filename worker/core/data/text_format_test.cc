#include "worker/core/data/text_format.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

v1::DataFile File(v1::DataFormat format) {
  v1::DataFile file;
  file.set_format(format);
  return file;
}

TEST_CASE("libsvm") {
  REQUIRE_OK_AND_ASSIGN(const TextFormat format,
                        MakeTextFormat(File(v1::DATA_FORMAT_LIBSVM), v1::DataSpec()));
  CHECK_FALSE(format.syntax.quoted);
  CHECK(format.syntax.comment == '#');
  CHECK(format.limits.scale == 1);
  REQUIRE_OK_AND_ASSIGN(const auto parser, format.make_parser("anything"));
  CHECK_FALSE(parser->dense());
}

TEST_CASE("csv with defaults and without") {
  v1::DataFile file = File(v1::DATA_FORMAT_CSV);
  REQUIRE_OK_AND_ASSIGN(const TextFormat format, MakeTextFormat(file, v1::DataSpec()));
  CHECK(format.syntax.quoted);
  CHECK(format.syntax.delimiter == ',');
  CHECK_FALSE(format.header);
  REQUIRE_OK_AND_ASSIGN(const auto parser, format.make_parser("1,2,3"));
  CHECK(parser->dense());
  CHECK(parser->columns() == 2);
  Batch batch;
  batch.dense = true;
  REQUIRE_OK(parser->Append("1,2,3", &batch));
  CHECK(batch.labels[0] == 3);

  file.set_label("b");
  file.set_header(true);
  file.set_delimiter(";");
  v1::DataSpec spec;
  spec.set_scale(0.5);
  REQUIRE_OK_AND_ASSIGN(const TextFormat named, MakeTextFormat(file, spec));
  CHECK(named.header);
  CHECK(named.syntax.delimiter == ';');
  REQUIRE_OK_AND_ASSIGN(const auto named_parser, named.make_parser("a;b;c"));
  batch = Batch();
  batch.dense = true;
  REQUIRE_OK(named_parser->Append("1;2;3", &batch));
  CHECK(batch.labels[0] == 2);
  CHECK(batch.dense_values == std::vector<float>{0.5f, 1.5f});
  CHECK_STATUS(named.make_parser("a;c"), absl::StatusCode::kInvalidArgument, "no such column");
}

TEST_CASE("what cannot be a text format") {
  CHECK_STATUS(MakeTextFormat(File(v1::DATA_FORMAT_IDX), v1::DataSpec()),
               absl::StatusCode::kInvalidArgument, "got DATA_FORMAT_IDX");
  for (const std::string delimiter : {"ab", "\"", "\n", "\r"}) {
    v1::DataFile file = File(v1::DATA_FORMAT_CSV);
    file.set_delimiter(delimiter);
    CHECK_STATUS(MakeTextFormat(file, v1::DataSpec()), absl::StatusCode::kInvalidArgument,
                 "one character other than a quote or a line break expected");
  }
}

TEST_CASE("whatever changes a record changes the key") {
  std::set<std::string> keys;
  int count = 0;
  const auto add = [&](const v1::DataFile& file, const v1::DataSpec& spec) {
    REQUIRE_OK_AND_ASSIGN(const TextFormat format, MakeTextFormat(file, spec));
    keys.insert(format.key);
    ++count;
  };
  for (const v1::DataFormat kind : {v1::DATA_FORMAT_LIBSVM, v1::DATA_FORMAT_CSV}) {
    v1::DataSpec spec;
    add(File(kind), spec);
    spec.set_scale(0.1);
    add(File(kind), spec);
    spec.set_features(5);
    add(File(kind), spec);
    spec.set_classes(5);
    add(File(kind), spec);
  }
  v1::DataFile csv = File(v1::DATA_FORMAT_CSV);
  csv.set_delimiter(";");
  add(csv, v1::DataSpec());
  csv.set_label("0");
  add(csv, v1::DataSpec());
  csv.set_header(true);
  add(csv, v1::DataSpec());
  CHECK(keys.size() == static_cast<size_t>(count));
  // The defaults, spelled out, are the same format.
  csv = File(v1::DATA_FORMAT_CSV);
  csv.set_delimiter(",");
  csv.set_label("-1");
  v1::DataSpec one;
  one.set_scale(1);
  add(csv, one);
  CHECK(keys.size() == static_cast<size_t>(count) - 1);
}

}  // namespace
}  // namespace paceline::worker
