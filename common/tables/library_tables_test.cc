#include "common/tables/library_tables.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "common/tables/model_tables.h"

namespace paceline {
namespace {

void AddTable(v1::JobSpec* spec, const std::string& name, v1::TableKind kind, uint64_t rows,
              uint32_t dim) {
  v1::LibraryTableSpec* table = spec->mutable_model()->mutable_library()->add_tables();
  table->set_name(name);
  table->set_kind(kind);
  table->set_rows(rows);
  table->set_dim(dim);
}

v1::JobSpec Spec() {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LIBRARY);
  spec.mutable_model()->mutable_initializer()->set_kind(v1::INITIALIZER_KIND_XAVIER);
  AddTable(&spec, "weight", v1::TABLE_KIND_UNSPECIFIED, 0, 0);
  AddTable(&spec, "embedding", v1::TABLE_KIND_SPARSE, 0, 8);
  AddTable(&spec, "bias", v1::TABLE_KIND_DENSE, 1, 0);
  v1::LibraryTableSpec* bias = spec.mutable_model()->mutable_library()->mutable_tables(2);
  bias->set_no_decay(true);
  bias->mutable_initializer()->set_kind(v1::INITIALIZER_KIND_CONSTANT);
  bias->mutable_initializer()->set_scale(0.5f);
  return spec;
}

TEST_CASE("tables are in name order, with the sizes that the data have") {
  REQUIRE_OK_AND_ASSIGN(const std::vector<v1::TableSpec> tables,
                        ModelTables(WithDefaults(Spec()), 20, 3));
  REQUIRE(tables.size() == 3);
  CHECK(tables[0].name() == "bias");
  CHECK(tables[0].rows() == 1);
  CHECK(tables[0].dim() == 3);
  CHECK(tables[0].no_decay());
  CHECK(tables[0].initializer().kind() == v1::INITIALIZER_KIND_CONSTANT);
  CHECK(tables[0].initializer().scale() == 0.5f);
  CHECK(tables[1].name() == "embedding");
  CHECK(tables[1].kind() == v1::TABLE_KIND_SPARSE);
  CHECK(tables[1].rows() == 0);
  CHECK(tables[1].dim() == 8);
  CHECK(tables[2].name() == "weight");
  CHECK(tables[2].kind() == v1::TABLE_KIND_DENSE);
  CHECK(tables[2].rows() == 20);
  CHECK(tables[2].dim() == 3);
  CHECK(tables[2].initializer().kind() == v1::INITIALIZER_KIND_XAVIER);
  CHECK(tables[2].fan_in() == 20);
  CHECK(tables[2].fan_out() == 3);
  CHECK(tables[2].optimizer().kind() == v1::OPTIMIZER_KIND_SGD);
}

TEST_CASE("tables that cannot be are refused") {
  struct Case {
    std::function<void(v1::LibrarySpec*)> change;
    std::string message;
    uint32_t classes = 3;
  };
  const std::vector<Case> cases = {
      {[](v1::LibrarySpec* l) { l->clear_tables(); },
       "model.library.tables: number of tables: 1 to 256 expected, got 0"},
      {[](v1::LibrarySpec* l) {
         for (int i = 0; i < 254; ++i) *l->add_tables() = l->tables(0);
       },
       "1 to 256 expected, got 257"},
      {[](v1::LibrarySpec* l) { l->mutable_tables(0)->set_name("bias"); },
       "every name once expected, got bias twice"},
      {[](v1::LibrarySpec* l) { l->mutable_tables(1)->set_name("a//b"); },
       "model.library.tables[1].name: a table's name expected, got a//b"},
      {[](v1::LibrarySpec*) {},
       "model.library.tables[0].dim: 0, the number of classes: 1 to 16776192 expected, got 0", 0},
      {[](v1::LibrarySpec* l) { l->mutable_tables(2)->set_rows((uint64_t{1} << 40) + 1); },
       "model.library.tables[2].rows: 1 to 1099511627776 expected, got 1099511627777"},
  };
  for (const Case& c : cases) {
    v1::JobSpec spec = WithDefaults(Spec());
    c.change(spec.mutable_model()->mutable_library());
    INFO(c.message);
    CHECK_STATUS(LibraryTables(spec.model(), 20, c.classes).status(),
                 absl::StatusCode::kInvalidArgument, c.message);
  }
}

TEST_CASE("names of tables") {
  for (const char* name : {"a", "0", "a/b", "deep/0.weight", "a_b-c.d"}) {
    INFO(name);
    CHECK(IsLibraryTableName(name));
  }
  CHECK(IsLibraryTableName(std::string(63, 'a')));
  CHECK_FALSE(IsLibraryTableName(std::string(64, 'a')));
  for (const char* name : {"", "A", "a b", "/a", "a/", "a//b", "..", "a/../b", ".a", "-a", "\xc3",
                           "a.keys", "a/b.rows"}) {
    INFO(name);
    CHECK_FALSE(IsLibraryTableName(name));
  }
}

}  // namespace
}  // namespace paceline
