#include "cli/weights/exported_rows.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cli/weights/export_fixture.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "server/core/rows/initializer.h"

namespace paceline::cli {
namespace {

using testing::ExportedArray;
using testing::Floats;
using testing::Keys;
using Code = absl::StatusCode;
using worker::Parameters;
using worker::TensorFloats;

constexpr char kPath[] = "/x.safetensors";
constexpr uint64_t kSeed = 9;

v1::TableSpec Dense(const std::string& name, uint64_t rows, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(rows);
  table.set_dim(dim);
  return table;
}

v1::TableSpec Sparse(const std::string& name, uint32_t dim) {
  v1::TableSpec table = Dense(name, 0, dim);
  table.set_kind(v1::TABLE_KIND_SPARSE);
  table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_NORMAL);
  table.mutable_initializer()->set_scale(0.5f);
  return table;
}

// A file of arrays, and its rows as the tables have them.
struct File {
  MemoryFileSystem fs;
  std::unique_ptr<SafetensorsReader> reader;

  explicit File(const std::vector<ExportedArray>& arrays) {
    testing::WriteArrays(fs, kPath, arrays, {});
    REQUIRE_OK_AND_ASSIGN(reader, SafetensorsReader::Open(fs, kPath));
  }
  absl::StatusOr<std::unique_ptr<ExportedRows>> Open(std::vector<v1::TableSpec> tables) const {
    return ExportedRows::Open(kPath, reader.get(), std::move(tables), kSeed);
  }
};

TEST_CASE("dense tables are whole, of sparse ones rows come by key") {
  const v1::TableSpec factors = Sparse("factors", 2);
  const File file({Floats("bias", {2, 1}, {7, 8}), Keys("factors.keys", {3, 5, 6, 7, 1ULL << 60}),
                   Floats("factors.rows", {5, 2}, {30, 31, 50, 51, 60, 61, 70, 71, 90, 91})});
  REQUIRE_OK_AND_ASSIGN(const auto rows, file.Open({Dense("bias", 2, 1), factors}));
  REQUIRE_OK_AND_ASSIGN(Parameters parameters, rows->Dense());
  REQUIRE(parameters.size() == 2);
  CHECK(parameters[0].rows == TensorFloats{7, 8});
  CHECK(parameters[1].keys.empty());
  CHECK(parameters[1].rows.empty());

  const std::vector<uint64_t> keys = {0, 3, 4, 5, 6, 1ULL << 60, (1ULL << 60) + 1};
  REQUIRE_OK(rows->ReadSparse({{}, keys}, &parameters));
  CHECK(parameters[0].rows == TensorFloats{7, 8});
  CHECK(parameters[1].keys == keys);
  // What nobody has pushed to is as the servers begin it.
  REQUIRE_OK_AND_ASSIGN(const auto initializer, server::Initializer::Create(factors, kSeed));
  float absent[3][2];
  initializer.Fill(0, absent[0]);
  initializer.Fill(4, absent[1]);
  initializer.Fill((1ULL << 60) + 1, absent[2]);
  CHECK(absent[0][0] != absent[1][0]);
  CHECK(parameters[1].rows == TensorFloats{absent[0][0], absent[0][1], 30, 31, absent[1][0],
                                           absent[1][1], 50, 51, 60, 61, 90, 91, absent[2][0],
                                           absent[2][1]});

  REQUIRE_OK(rows->ReadSparse({{}, {7}}, &parameters));
  CHECK(parameters[1].rows == TensorFloats{70, 71});
  REQUIRE_OK(rows->ReadSparse({{}, {}}, &parameters));
  CHECK(parameters[1].rows.empty());
}

TEST_CASE("any keys of any table") {
  std::mt19937 random(5);
  std::set<uint64_t> present;
  while (present.size() < 2000) present.insert(random() % 5000);
  std::vector<float> values;
  for (const uint64_t key : present) values.push_back(static_cast<float>(key));
  const std::vector<uint64_t> all(present.begin(), present.end());
  const File file({Keys("t.keys", all), Floats("t.rows", {all.size(), 1}, values)});
  v1::TableSpec table = Sparse("t", 1);
  table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_CONSTANT);
  REQUIRE_OK_AND_ASSIGN(const auto rows, file.Open({table}));
  REQUIRE_OK_AND_ASSIGN(Parameters parameters, rows->Dense());
  for (int round = 0; round < 20; ++round) {
    std::set<uint64_t> wanted;
    while (wanted.size() < 500) wanted.insert(random() % 5000);
    REQUIRE_OK(rows->ReadSparse({{wanted.begin(), wanted.end()}}, &parameters));
    size_t i = 0;
    for (const uint64_t key : wanted) {
      REQUIRE(parameters[0].rows[i++] == (present.count(key) > 0 ? static_cast<float>(key) : 0.5f));
    }
  }
}

TEST_CASE("tables that are not the model's are refused and named") {
  const File file({Floats("bias", {2, 1}, {7, 8}), Keys("t.keys", {1, 2}),
                   Floats("t.rows", {2, 2}, {1, 2, 3, 4}), Keys("odd.keys", {4, 4}),
                   Floats("odd.rows", {2, 1}, {1, 2}), Keys("alone.keys", {1})});
  CHECK_STATUS(file.Open({Dense("weight", 1, 1)}), Code::kInvalidArgument,
               "/x.safetensors: table weight is missing");
  CHECK_STATUS(file.Open({Dense("bias", 1, 2)}), Code::kInvalidArgument,
               "/x.safetensors: table bias: F32 [1, 2] expected, got F32 [2, 1]");
  CHECK_STATUS(file.Open({Dense("t.keys", 2, 1)}), Code::kInvalidArgument,
               "table t.keys: F32 [2, 1] expected, got U64 [2]");
  CHECK_STATUS(file.Open({Sparse("bias", 1)}), Code::kInvalidArgument,
               "table bias.keys is missing");
  CHECK_STATUS(file.Open({Sparse("alone", 1)}), Code::kInvalidArgument,
               "table alone.rows is missing");
  CHECK_STATUS(file.Open({Sparse("t", 1)}), Code::kInvalidArgument,
               "table t.rows: F32 [2, 1] expected, got F32 [2, 2]");
  CHECK_STATUS(file.Open({Sparse("odd", 1)}), Code::kDataLoss,
               "odd.keys: a key greater than 4 expected, got 4");
  v1::TableSpec table = Sparse("t", 2);
  table.mutable_initializer()->set_scale(-1);
  CHECK_STATUS(file.Open({table}), Code::kInvalidArgument, "scale must be 0 to 1e30");
}

}  // namespace
}  // namespace paceline::cli
