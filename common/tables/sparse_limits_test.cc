#include "common/tables/sparse_limits.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "common/tables/model_tables.h"

namespace paceline {
namespace {

v1::JobSpec Fm() {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_FM);
  return spec;
}

TEST_CASE("Tables have no limits unless the job has some") {
  REQUIRE_OK_AND_ASSIGN(const auto plain, ModelTables(WithDefaults(Fm()), 10, 2));
  for (const v1::TableSpec& table : plain) CHECK_FALSE(table.has_sparse());
  v1::JobSpec spec = Fm();
  spec.mutable_model()->mutable_sparse();
  REQUIRE_OK_AND_ASSIGN(const auto unlimited, ModelTables(WithDefaults(spec), 10, 2));
  for (const v1::TableSpec& table : unlimited) CHECK_FALSE(table.has_sparse());
}

TEST_CASE("Limits are those of all sparse tables, or a table's own") {
  v1::JobSpec spec = Fm();
  v1::SparseSpec* sparse = spec.mutable_model()->mutable_sparse();
  sparse->set_evict_after_iterations(1000);
  sparse->set_memory(32);
  sparse->set_on_full(v1::ON_FULL_EVICT);
  v1::TableSparseSpec* own = sparse->add_tables();
  own->set_table("fm/weight");
  own->set_admit_after(4);
  own->set_memory(0);
  REQUIRE_OK_AND_ASSIGN(const auto tables, ModelTables(WithDefaults(spec), 10, 2));
  REQUIRE(tables.size() == 3);
  CHECK(tables[0].name() == "fm/bias");
  CHECK_FALSE(tables[0].has_sparse());
  CHECK(tables[1].name() == "fm/factors");
  CHECK(tables[1].sparse().ShortDebugString() ==
        "admit_after: 1 evict_after_iterations: 1000 memory_bytes: 33554432 on_full: "
        "ON_FULL_EVICT");
  CHECK(tables[2].name() == "fm/weight");
  CHECK(tables[2].sparse().ShortDebugString() ==
        "admit_after: 4 evict_after_iterations: 1000 on_full: ON_FULL_EVICT");
}

TEST_CASE("A table may be without limits where others have some") {
  v1::JobSpec spec = Fm();
  v1::SparseSpec* sparse = spec.mutable_model()->mutable_sparse();
  sparse->set_evict_after_iterations(1000);
  v1::TableSparseSpec* own = sparse->add_tables();
  own->set_table("fm/weight");
  own->set_evict_after_iterations(0);
  REQUIRE_OK_AND_ASSIGN(const auto tables, ModelTables(WithDefaults(spec), 10, 2));
  CHECK(tables[1].has_sparse());
  CHECK_FALSE(tables[2].has_sparse());
}

TEST_CASE("Tables that there are not, or that are dense, are named with those that there are") {
  v1::JobSpec spec = Fm();
  v1::SparseSpec* sparse = spec.mutable_model()->mutable_sparse();
  sparse->add_tables()->set_table("fm/weight");
  sparse->add_tables()->set_table("fm/bias");
  const auto problem = FindSparseProblem(WithDefaults(spec));
  REQUIRE(problem.has_value());
  CHECK(problem->field == "model.sparse.tables[1].table");
  CHECK(problem->message == "one of fm/factors, fm/weight expected, got fm/bias");
  CHECK_STATUS(ModelTables(WithDefaults(spec), 10, 2), absl::StatusCode::kInvalidArgument,
               "model.sparse.tables[1].table: one of fm/factors, fm/weight expected");

  spec = Fm();
  spec.mutable_model()->set_table(v1::TABLE_KIND_DENSE);
  spec.mutable_model()->mutable_sparse();
  const auto dense = FindSparseProblem(WithDefaults(spec));
  REQUIRE(dense.has_value());
  CHECK(dense->field == "model.sparse");
}

}  // namespace
}  // namespace paceline
