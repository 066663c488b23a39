#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/spec/enum_names.h"
#include "common/spec/rules.h"
#include "common/tables/library_tables.h"

namespace paceline::spec_rules {
namespace {

constexpr size_t kMaxFileBytes = 255;
constexpr int kMaxOptions = 256;
constexpr size_t kMaxOptionName = 63;
constexpr size_t kMaxOptionValue = 4096;
constexpr double kMaxTableBytes = 1099511627776.0;  // 1 TiB

bool IsPlain(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-' || c == '+';
  });
}

void CheckFileName(const std::string& file, std::vector<Problem>* problems) {
  if (!file.empty() && file.size() <= kMaxFileBytes && file.front() != '.' && IsPlain(file)) return;
  problems->push_back(
      Expected("model.library.file",
               "the name of a file in the workers' --model-dir, 1 to 255 of [A-Za-z0-9._+-] that "
               "begin with no dot",
               file.empty() ? "none" : file));
}

void CheckTable(const v1::LibraryTableSpec& table, const std::string& path,
                std::vector<Problem>* problems) {
  if (!IsLibraryTableName(table.name())) {
    problems->push_back(Expected(path + ".name",
                                 "1 to 63 of [a-z0-9._/-], parts between slashes beginning with a "
                                 "letter or digit, not ending in .keys or .rows",
                                 table.name().empty() ? "none" : table.name()));
  }
  RefuseIf(table.kind() == v1::TABLE_KIND_SPARSE && table.rows() != 0, path + ".rows", "kind dense",
           problems);
  const v1::InitializerSpec& initializer = table.initializer();
  const bool spread = initializer.kind() == v1::INITIALIZER_KIND_UNIFORM ||
                      initializer.kind() == v1::INITIALIZER_KIND_NORMAL;
  if (spread && initializer.scale() < 0) {
    problems->push_back(Expected(path + ".initializer.scale", "a number of at least 0",
                                 absl::StrCat(initializer.scale())));
  }
}

void CheckTables(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::LibrarySpec& library = spec.model().library();
  const int count = library.tables_size();
  if (count < 1 || count > kMaxLibraryTables) {
    problems->push_back(Expected("model.library.tables",
                                 absl::StrCat("a list of 1 to ", kMaxLibraryTables, " tables"),
                                 count == 0 ? "none" : absl::StrCat(count)));
  }
  std::set<std::string> names;
  double bytes = 0;
  for (int t = 0; t < count; ++t) {
    const v1::LibraryTableSpec& table = library.tables(t);
    const std::string path = absl::StrCat("model.library.tables[", t, "]");
    CheckTable(table, path, problems);
    if (!names.insert(table.name()).second) {
      problems->push_back(Expected(path + ".name", "a name that no other table has", table.name()));
    }
    if (table.kind() == v1::TABLE_KIND_SPARSE) continue;
    // What is found in the data later counts as nothing.
    const uint64_t rows =
        table.rows() != 0 ? table.rows() : spec.data().features() + spec.data().hash_buckets();
    const uint32_t dim = table.dim() != 0 ? table.dim() : spec.data().classes();
    bytes += static_cast<double>(rows) * dim * sizeof(float);
  }
  if (bytes > kMaxTableBytes) {
    problems->push_back(Expected("model.library.tables", "tables of at most 1 TiB in all",
                                 absl::StrFormat("%.4g TiB", bytes / kMaxTableBytes)));
  }
}

void CheckOptions(const v1::LibrarySpec& library, std::vector<Problem>* problems) {
  if (library.options_size() > kMaxOptions) {
    problems->push_back(Expected("model.library.options",
                                 absl::StrCat("at most ", kMaxOptions, " options"),
                                 absl::StrCat(library.options_size())));
  }
  std::set<std::string> names;
  for (int o = 0; o < library.options_size(); ++o) {
    const v1::OptionSpec& option = library.options(o);
    const std::string path = absl::StrCat("model.library.options[", o, "]");
    if (option.name().empty() || option.name().size() > kMaxOptionName || !IsPlain(option.name())) {
      problems->push_back(Expected(path + ".name", "1 to 63 of [A-Za-z0-9._+-]",
                                   option.name().empty() ? "none" : option.name()));
    } else if (!names.insert(option.name()).second) {
      problems->push_back(
          Expected(path + ".name", "a name that no other option has", option.name()));
    }
    // The library gets texts that end at the first 0.
    if (option.value().size() > kMaxOptionValue || option.value().find('\0') != std::string::npos) {
      problems->push_back(Expected(
          path + ".value", absl::StrCat("at most ", kMaxOptionValue, " bytes, none of them 0"),
          absl::StrCat(option.value().size(), " bytes")));
    }
  }
}

}  // namespace

void CheckLibrary(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::ModelSpec& model = spec.model();
  if (model.kind() != v1::MODEL_KIND_LIBRARY) {
    RefuseIf(model.has_library(), "model.library", "model.kind library", problems);
    return;
  }
  CheckFileName(model.library().file(), problems);
  CheckTables(spec, problems);
  CheckOptions(model.library(), problems);
  if (model.table() != v1::TABLE_KIND_UNSPECIFIED) {
    problems->push_back(Complaint(
        "model.table", "each table of model.library.tables has a kind of its own; none expected"));
  }
  const v1::DeviceKind device = spec.resources().device();
  if (device != v1::DEVICE_KIND_AUTO && device != v1::DEVICE_KIND_CPU) {
    problems->push_back(
        Expected("resources.device", "auto or cpu (model.kind library)", EnumWord(device)));
  }
}

}  // namespace paceline::spec_rules
