#include "cli/datagen/datagen.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/datagen/sink.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

// One file of records.
struct Part {
  std::string name;
  std::string path;
  // Empty: not written.
  std::string truth;
  uint64_t first = 0;
  uint64_t rows = 0;
};

absl::Status Write(const Part& part, Generator* generator, Environment* env) {
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> out, Sink::Open(part.path, env));
  std::unique_ptr<Sink> truth;
  if (!part.truth.empty()) {
    PL_ASSIGN_OR_RETURN(truth, Sink::Open(part.truth, env));
  }
  std::string text;
  std::string truth_text;
  const auto flush = [&]() -> absl::Status {
    PL_RETURN_IF_ERROR(out->Append(text));
    text.clear();
    if (truth == nullptr) return absl::OkStatus();
    PL_RETURN_IF_ERROR(truth->Append(truth_text));
    truth_text.clear();
    return absl::OkStatus();
  };
  for (uint64_t row = 0; row < part.rows; ++row) {
    generator->Append(part.first + row, &text, truth == nullptr ? nullptr : &truth_text);
    if (std::max(text.size(), truth_text.size()) < kPieceBytes) continue;
    PL_RETURN_IF_ERROR(flush());
    if (env->interrupt.requested()) return absl::CancelledError("interrupted");
  }
  PL_RETURN_IF_ERROR(flush());
  if (truth != nullptr) PL_RETURN_IF_ERROR(truth->Close());
  return out->Close();
}

absl::Status WriteModel(const std::string& path, const Generator& generator, Environment* env) {
  const std::string text = generator.Model();
  if (text.empty()) {
    return absl::InvalidArgumentError("--model: this kind of data has no parameters to show");
  }
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> out, Sink::Open(path, env));
  PL_RETURN_IF_ERROR(out->Append(text));
  return out->Close();
}

void Print(const Part& part, const Facts& facts, nlohmann::ordered_json* json, std::string* lines) {
  nlohmann::ordered_json& of = (*json)[part.name];
  of = {{"path", part.path}, {"rows", part.rows}};
  absl::StrAppend(lines, part.name, " ", part.path, ": rows ", part.rows);
  for (const auto& [name, value] : facts) {
    of[name] = value;
    absl::StrAppendFormat(lines, ", %s %.6g", name, value);
  }
  lines->push_back('\n');
}

absl::Status CheckPaths(const DatagenOptions& options) {
  if (options.holdout_rows != 0 && options.holdout.empty()) {
    return absl::InvalidArgumentError("--holdout-rows: --holdout FILE expected with it");
  }
  std::set<std::string> paths;
  for (const std::string& path : {options.out, options.holdout, options.truth, options.model}) {
    if (!path.empty() && !paths.insert(path).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": files of different names expected, got it twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ExitCode> Datagen(const DatagenOptions& options, const MakeGenerator& make,
                                 OutputFormat format, Environment& env) {
  PL_RETURN_IF_ERROR(CheckPaths(options));
  std::vector<Part> parts = {
      {.name = "train", .path = options.out, .truth = options.truth, .rows = options.rows}};
  if (!options.holdout.empty()) {
    parts.push_back(
        {.name = "holdout",
         .path = options.holdout,
         .first = kFirstHeldOut,
         .rows = options.holdout_rows != 0 ? options.holdout_rows : (options.rows + 9) / 10});
  }
  if (!options.model.empty()) {
    PL_ASSIGN_OR_RETURN(const std::unique_ptr<Generator> generator, make());
    PL_RETURN_IF_ERROR(WriteModel(options.model, *generator, &env));
  }
  nlohmann::ordered_json json;
  std::string lines;
  for (const Part& part : parts) {
    PL_ASSIGN_OR_RETURN(const std::unique_ptr<Generator> generator, make());
    PL_RETURN_IF_ERROR(Write(part, generator.get(), &env));
    Print(part, generator->facts(), &json, &lines);
  }
  if (format == OutputFormat::kJson) {
    env.err << json.dump(1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace)
            << std::endl;
  } else {
    env.err << lines << std::flush;
  }
  return ExitCode::kOk;
}

}  // namespace paceline::cli
