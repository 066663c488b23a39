#include "common/tables/sparse_limits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace paceline {
namespace {

// `Spec` is SparseSpec or TableSparseSpec.
template <typename Spec>
void Set(const Spec& spec, v1::TableSpec* table) {
  table->clear_sparse();
  if (spec.admit_after() <= 1 && spec.evict_after_iterations() == 0 && spec.memory() == 0) return;
  v1::SparseLimits* limits = table->mutable_sparse();
  limits->set_admit_after(spec.admit_after());
  limits->set_evict_after_iterations(spec.evict_after_iterations());
  limits->set_memory_bytes(spec.memory() << 20);
  limits->set_on_full(spec.on_full());
}

bool IsSparse(const v1::TableSpec& table) { return table.kind() == v1::TABLE_KIND_SPARSE; }

}  // namespace

std::optional<SparseProblem> SetSparseLimits(const v1::SparseSpec& sparse,
                                             std::vector<v1::TableSpec>* tables) {
  std::vector<std::string> names;
  for (v1::TableSpec& table : *tables) {
    if (!IsSparse(table)) continue;
    names.push_back(table.name());
    Set(sparse, &table);
  }
  if (names.empty()) {
    return SparseProblem{"model.sparse", "allowed only with sparse tables (model.table: sparse)"};
  }
  for (int i = 0; i < sparse.tables_size(); ++i) {
    const v1::TableSparseSpec& own = sparse.tables(i);
    const auto named = std::find_if(
        tables->begin(), tables->end(),
        [&](const v1::TableSpec& table) { return IsSparse(table) && table.name() == own.table(); });
    if (named == tables->end()) {
      return SparseProblem{
          absl::StrCat("model.sparse.tables[", i, "].table"),
          absl::StrCat("one of ", absl::StrJoin(names, ", "), " expected, got ", own.table())};
    }
    Set(own, &*named);
  }
  return std::nullopt;
}

}  // namespace paceline
