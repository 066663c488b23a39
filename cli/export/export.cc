#include "cli/export/export.h"

#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/export/cut_receiver.h"
#include "cli/export/cut_tables.h"
#include "cli/export/export_metadata.h"
#include "cli/export/npz_writer.h"
#include "cli/scheduler_client.h"
#include "cli/temp_folder.h"
#include "common/safetensors.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

absl::Status WriteSafetensors(const CutTables& tables, const TensorMetadata& metadata,
                              const std::string& path, FileSystem& fs) {
  PL_ASSIGN_OR_RETURN(const auto writer,
                      SafetensorsWriter::Create(fs, path, tables.arrays(), metadata));
  for (size_t i = 0; i < tables.arrays().size(); ++i) {
    const std::string& name = tables.arrays()[i].name;
    PL_RETURN_IF_ERROR(tables.Write(i, [&](absl::string_view bytes) {
      return bytes.empty() ? absl::OkStatus() : writer->Append(name, bytes);
    }));
  }
  return writer->Finish();
}

absl::Status WriteNpz(const CutTables& tables, const std::string& path, FileSystem& fs) {
  PL_ASSIGN_OR_RETURN(auto file, fs.OpenForWrite(path));
  NpzWriter writer(std::move(file));
  for (size_t i = 0; i < tables.arrays().size(); ++i) {
    PL_RETURN_IF_ERROR(writer.Begin(tables.arrays()[i]));
    PL_RETURN_IF_ERROR(
        tables.Write(i, [&](absl::string_view bytes) { return writer.Append(bytes); }));
  }
  return writer.Finish();
}

}  // namespace

absl::StatusOr<ExportFormat> ExportFormatOf(const std::string& file) {
  if (absl::EndsWithIgnoreCase(file, ".npz")) {
    return ExportFormat::kNpz;
  }
  if (absl::EndsWithIgnoreCase(file, ".safetensors")) {
    return ExportFormat::kSafetensors;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(file, ": a name that ends in .safetensors or .npz expected (or say --format)"));
}

namespace {

absl::StatusOr<uint64_t> BestCut(uint64_t job_id, SchedulerClient& client) {
  PL_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(job_id));
  for (const v1::CutStatus& cut : job.cuts()) {
    if (cut.best()) return cut.cut_id();
  }
  return absl::NotFoundError(absl::StrCat(
      "job ", job_id, " has no cut of its best evaluation (checkpoint.keep_best keeps it)"));
}

}  // namespace

absl::StatusOr<Exported> WriteExport(const ExportOptions& options, SchedulerClient& client,
                                     Environment& env) {
  PL_ASSIGN_OR_RETURN(const TempFolder folder, TempFolder::Create(env.temp_dir));
  CutReceiver receiver(env.fs, folder.path());
  v1::ReadCutRequest request;
  request.set_job_id(options.job_id);
  request.set_cut_id(options.cut_id);
  if (options.best) {
    PL_ASSIGN_OR_RETURN(const uint64_t best, BestCut(options.job_id, client));
    request.set_cut_id(best);
  }
  PL_RETURN_IF_ERROR(
      client.ReadCut(request, [&](const v1::CutChunk& chunk) { return receiver.Add(chunk); }));
  PL_ASSIGN_OR_RETURN(const v1::CutManifest manifest, receiver.Finish());
  PL_ASSIGN_OR_RETURN(const auto tables, CutTables::Open(env.fs, folder.path(), manifest));
  const std::string unfinished = absl::StrCat(options.file, ".part");
  absl::Status written =
      options.format == ExportFormat::kNpz
          ? WriteNpz(*tables, unfinished, env.fs)
          : WriteSafetensors(*tables, ExportMetadata(manifest), unfinished, env.fs);
  if (written.ok()) {
    written = env.fs.Rename(unfinished, options.file);
  }
  if (!written.ok()) {
    env.fs.Remove(unfinished).IgnoreError();
    return written;
  }
  return Exported{
      .cut_id = manifest.cut_id(), .job_id = manifest.job_id(), .arrays = tables->arrays()};
}

absl::StatusOr<ExitCode> Export(const ExportOptions& options, SchedulerClient& client,
                                Environment& env) {
  PL_ASSIGN_OR_RETURN(const Exported exported, WriteExport(options, client, env));
  for (const TensorSpec& array : exported.arrays) {
    env.out << array.name << "  " << DTypeName(array.dtype) << " ["
            << absl::StrJoin(array.shape, ", ") << "]" << std::endl;
  }
  env.err << "cut " << exported.cut_id << " of job " << exported.job_id << " written to "
          << options.file << std::endl;
  return ExitCode::kOk;
}

}  // namespace paceline::cli
