// Exports for tests: arrays of numbers in a safetensors file.
#ifndef PACELINE_CLI_WEIGHTS_EXPORT_FIXTURE_H_
#define PACELINE_CLI_WEIGHTS_EXPORT_FIXTURE_H_

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/fs.h"
#include "common/safetensors.h"
#include "common/status/status_matchers.h"

namespace paceline::cli::testing {

struct ExportedArray {
  TensorSpec spec;
  std::string bytes;
};

template <typename T>
std::string RawBytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

inline ExportedArray Floats(const std::string& name, std::vector<uint64_t> shape,
                            const std::vector<float>& values) {
  return {{name, DType::kF32, std::move(shape)}, RawBytes(values)};
}

inline ExportedArray Keys(const std::string& name, const std::vector<uint64_t>& keys) {
  return {{name, DType::kU64, {keys.size()}}, RawBytes(keys)};
}

inline void WriteArrays(FileSystem& fs, const std::string& path,
                        const std::vector<ExportedArray>& arrays, const TensorMetadata& metadata) {
  std::vector<TensorSpec> specs;
  for (const ExportedArray& array : arrays) specs.push_back(array.spec);
  REQUIRE_OK_AND_ASSIGN(const auto writer, SafetensorsWriter::Create(fs, path, specs, metadata));
  for (const ExportedArray& array : arrays) {
    if (!array.bytes.empty()) REQUIRE_OK(writer->Append(array.spec.name, array.bytes));
  }
  REQUIRE_OK(writer->Finish());
}

}  // namespace paceline::cli::testing

#endif  // PACELINE_CLI_WEIGHTS_EXPORT_FIXTURE_H_
