#include "common/spec/library_class.h"

#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

constexpr absl::string_view kLibrary = " library ";

}  // namespace

std::string WithLibrary(absl::string_view device_class, absl::string_view library) {
  if (library.empty()) return std::string(device_class);
  return absl::StrCat(device_class, kLibrary, library);
}

absl::string_view LibraryOf(absl::string_view numeric_class) {
  const size_t at = numeric_class.find(kLibrary);
  if (at == absl::string_view::npos) return "";
  return numeric_class.substr(at + kLibrary.size());
}

}  // namespace paceline
