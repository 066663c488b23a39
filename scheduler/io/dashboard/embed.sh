#!/bin/sh
# Prints files.cc: each file named in the arguments as a string literal.
set -eu

cat <<'END'
#include "scheduler/io/dashboard/files.h"

#include <map>

namespace paceline::scheduler {

std::optional<absl::string_view> DashboardFile(absl::string_view name) {
  static const auto& files = *new std::map<absl::string_view, absl::string_view>{
END
for file; do
  printf '{"%s", R"embedded(' "$(basename "$file")"
  cat "$file"
  printf ')embedded"},\n'
done
cat <<'END'
  };
  const auto file = files.find(name);
  if (file == files.end()) return std::nullopt;
  return file->second;
}

}  // namespace paceline::scheduler
END
