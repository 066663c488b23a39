#include "cli/sample/sample.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/weights/exported_rows.h"
#include "common/random.h"
#include "common/spec/enum_names.h"
#include "common/status/status_macros.h"
#include "common/tables/lm_tables.h"
#include "worker/core/models/lm/byte_generator.h"

namespace paceline::cli {
namespace {

// Keeps the numbers apart from others that are drawn with the same seed.
constexpr uint64_t kSampleStream = 0x73616d706c650000;

absl::StatusOr<std::unique_ptr<worker::ByteGenerator>> Load(const ModelSource& source,
                                                            SchedulerClient& client,
                                                            Environment& env) {
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<TrainedModel> trained,
                      TrainedModel::Open(source, client, env));
  const v1::ModelSpec& model = trained->job().model();
  if (model.kind() != v1::MODEL_KIND_LM) {
    return absl::InvalidArgumentError(
        absl::StrCat(source.source, ": a language model (model.kind lm) expected, got ",
                     EnumWord(model.kind())));
  }
  const absl::StatusOr<std::vector<v1::TableSpec>> tables = LmTables(model);
  if (!tables.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(source.source, ": ", tables.status().message()));
  }
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<ExportedRows> rows, trained->Rows(*tables));
  PL_ASSIGN_OR_RETURN(worker::Parameters parameters, rows->Dense());
  return std::make_unique<worker::ByteGenerator>(model.lm(), std::move(parameters));
}

void Print(char byte, Environment& env) {
  const bool control =
      absl::ascii_iscntrl(static_cast<unsigned char>(byte)) && byte != '\n' && byte != '\t';
  env.out << (control && env.out_is_terminal ? '?' : byte) << std::flush;
}

}  // namespace

absl::StatusOr<ExitCode> Sample(const SampleOptions& options, SchedulerClient& client,
                                Environment& env) {
  if (options.prompt.empty()) {
    return absl::InvalidArgumentError("--prompt: at least one byte expected, got none");
  }
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<worker::ByteGenerator> generator,
                      Load(options.model, client, env));
  std::string text = options.prompt;
  for (const char byte : text) Print(byte, env);
  for (uint64_t i = 0; i < options.bytes && !env.interrupt.requested() && env.out; ++i) {
    const double uniform = RandomUniformDouble(options.seed, kSampleStream, i);
    text.push_back(static_cast<char>(generator->Next(
        text, {.temperature = options.temperature, .top_k = options.top_k}, uniform)));
    Print(text.back(), env);
  }
  env.out << std::endl;
  return env.interrupt.requested() ? ExitCode::kInterrupted : ExitCode::kOk;
}

}  // namespace paceline::cli
