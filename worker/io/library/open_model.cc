#include "worker/io/library/open_model.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "common/tables/model_tables.h"
#include "worker/core/models/library/library_model.h"
#include "worker/core/models/library/user_library.h"
#include "worker/core/models/model_factory.h"
#include "worker/io/library/load_library.h"

namespace paceline::worker {
namespace {

absl::StatusOr<OpenedModel> OpenLibrary(const v1::JobSpec& spec, uint64_t features,
                                        uint32_t classes, const std::string& model_dir) {
  PL_ASSIGN_OR_RETURN(const std::vector<v1::TableSpec> tables,
                      ModelTables(spec, features, classes));
  const std::string& file = spec.model().library().file();
  PL_ASSIGN_OR_RETURN(const LoadedLibrary loaded, LoadLibrary(model_dir, file));
  PL_ASSIGN_OR_RETURN(std::unique_ptr<UserLibrary> library,
                      UserLibrary::Create(loaded.api, spec, tables, features, classes));
  return OpenedModel{.model = std::make_unique<LibraryModel>(std::move(library)),
                     .library = absl::StrFormat("%s-%016x", file, loaded.hash)};
}

}  // namespace

absl::StatusOr<OpenedModel> OpenModel(const v1::JobSpec& spec, uint64_t features, uint32_t classes,
                                      const std::string& model_dir) {
  if (spec.model().kind() == v1::MODEL_KIND_LIBRARY) {
    return OpenLibrary(spec, features, classes, model_dir);
  }
  OpenedModel opened;
  PL_ASSIGN_OR_RETURN(opened.model, CreateModel(spec, features, classes));
  return opened;
}

}  // namespace paceline::worker
