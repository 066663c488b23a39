#include "worker/core/data/text_format.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

v1::DataFile File(v1::DataFormat format) {
  v1::DataFile file;
  file.set_format(format);
  return file;
}

v1::CrossSpec Cross(const std::vector<std::string>& columns) {
  v1::CrossSpec cross;
  for (const std::string& column : columns) cross.add_columns(column);
  return cross;
}

TEST_CASE("libsvm") {
  REQUIRE_OK_AND_ASSIGN(const TextFormat format,
                        MakeTextFormat(File(v1::DATA_FORMAT_LIBSVM), v1::DataSpec()));
  CHECK_FALSE(format.syntax.quoted);
  CHECK(format.syntax.comment == '#');
  CHECK(format.syntax.delimiter == 0);
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

TEST_CASE("criteo") {
  v1::DataSpec spec;
  spec.set_hash_buckets(100);
  CHECK_OK(MakeTextFormat(File(v1::DATA_FORMAT_CRITEO), spec));
  *spec.add_crosses() = Cross({"c1", "c2"});
  REQUIRE_OK_AND_ASSIGN(const TextFormat csr, MakeTextFormat(File(v1::DATA_FORMAT_CRITEO), spec));
  CHECK_FALSE(csr.syntax.quoted);
  CHECK(csr.syntax.delimiter == '\t');
  CHECK_FALSE(csr.header);
  CHECK(csr.limits.classes == 2);
  REQUIRE_OK_AND_ASSIGN(const auto parser, csr.make_parser("anything"));
  CHECK(parser->fields() == 0);
  CHECK(parser->features() == 113);
  REQUIRE_OK_AND_ASSIGN(const TextFormat fields,
                        MakeTextFormat(File(v1::DATA_FORMAT_CRITEO), spec, CategoryForm::kFields));
  REQUIRE_OK_AND_ASSIGN(const auto fields_parser, fields.make_parser("anything"));
  CHECK(fields_parser->fields() == 27);
  CHECK(fields_parser->columns() == 13);
  CHECK(fields.key != csr.key);

  // log(1 + x), unless the job says no.
  const std::string line = "1\t1" + std::string(38, '\t');
  Batch batch;
  REQUIRE_OK(fields_parser->Append(line, &batch));
  CHECK(batch.dense_values[0] == Approx(0.693147));
  spec.set_log_numbers(false);
  REQUIRE_OK_AND_ASSIGN(const TextFormat plain,
                        MakeTextFormat(File(v1::DATA_FORMAT_CRITEO), spec, CategoryForm::kFields));
  REQUIRE_OK_AND_ASSIGN(const auto plain_parser, plain.make_parser("anything"));
  REQUIRE_OK(plain_parser->Append(line, &batch));
  CHECK(batch.dense_values[13] == 1);
}

TEST_CASE("csv with categories, such as Avazu's") {
  v1::DataFile file = File(v1::DATA_FORMAT_CSV);
  file.set_header(true);
  file.set_label("click");
  file.add_ignore("id");
  file.add_categories("site_id");
  file.add_categories("C1");
  REQUIRE_OK_AND_ASSIGN(const TextFormat format, MakeTextFormat(file, v1::DataSpec()));
  CHECK(format.syntax.quoted);
  CHECK(format.header);
  REQUIRE_OK_AND_ASSIGN(const auto parser, format.make_parser("id,click,hour,C1,site_id"));
  CHECK(parser->features() == 1 + (uint64_t{1} << 20));
  Batch batch;
  batch.offsets = {0};
  REQUIRE_OK(parser->Append("1e9,1,14102100,1005,1fbe01fe", &batch));
  CHECK(batch.labels == std::vector<float>{1});
  CHECK(batch.indices.size() == 3);
  CHECK(batch.values == std::vector<float>{14102100, 1, 1});
  CHECK_STATUS(format.make_parser("id,click,hour,C1"), absl::StatusCode::kInvalidArgument,
               "category \"site_id\": no such column");
}

TEST_CASE("ratings") {
  v1::DataFile file = File(v1::DATA_FORMAT_RATINGS);
  file.set_header(true);
  file.set_delimiter("\t");
  REQUIRE_OK_AND_ASSIGN(const TextFormat format, MakeTextFormat(file, v1::DataSpec()));
  CHECK(format.header);
  CHECK(format.syntax.delimiter == '\t');
  REQUIRE_OK_AND_ASSIGN(const auto parser, format.make_parser("user\titem\trating"));
  Batch batch;
  CHECK_OK(parser->Append("1\t2\t3", &batch));
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
  for (const v1::DataFormat kind : {v1::DATA_FORMAT_LIBSVM, v1::DATA_FORMAT_CSV,
                                    v1::DATA_FORMAT_CRITEO, v1::DATA_FORMAT_RATINGS}) {
    v1::DataSpec spec;
    add(File(kind), spec);
    spec.set_scale(0.1);
    add(File(kind), spec);
    spec.set_features(5);
    add(File(kind), spec);
    if (kind == v1::DATA_FORMAT_CRITEO) continue;  // labels are 0 and 1 anyway
    spec.set_classes(5);
    add(File(kind), spec);
  }
  v1::DataFile categories = File(v1::DATA_FORMAT_CSV);
  categories.add_ignore("1");
  add(categories, v1::DataSpec());
  categories.add_categories("2");
  add(categories, v1::DataSpec());
  for (const v1::DataFile& file : {categories, File(v1::DATA_FORMAT_CRITEO)}) {
    v1::DataSpec spec;
    spec.set_hash_buckets(77);
    add(file, spec);
    *spec.add_crosses() = Cross({"2", "23"});
    add(file, spec);
    *spec.mutable_crosses(0) = Cross({"22", "3"});
    add(file, spec);
    spec.set_log_numbers(file.format() == v1::DATA_FORMAT_CSV);
    add(file, spec);
  }
  v1::DataFile ratings = File(v1::DATA_FORMAT_RATINGS);
  ratings.set_header(true);
  add(ratings, v1::DataSpec());
  ratings.set_delimiter(";");
  add(ratings, v1::DataSpec());
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
