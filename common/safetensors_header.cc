#include "common/safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

using Json = nlohmann::json;

constexpr absl::string_view kMetadata = "__metadata__";
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kDataAlignment = 64;
constexpr std::uint64_t kMaxDataBytes = std::uint64_t{1} << 63;

constexpr std::pair<absl::string_view, DType> kDTypes[] = {
    {"F32", DType::kF32}, {"F64", DType::kF64}, {"U64", DType::kU64}, {"I64", DType::kI64},
    {"U32", DType::kU32}, {"I32", DType::kI32}, {"U8", DType::kU8},
};

// Nothing if the product exceeds kMaxDataBytes.
std::optional<std::uint64_t> TensorBytes(const TensorSpec& spec) {
  std::uint64_t bytes = DTypeBytes(spec.dtype);
  bool overflow = false;
  for (const std::uint64_t extent : spec.shape) {
    if (extent == 0) return 0;
    overflow |= __builtin_mul_overflow(bytes, extent, &bytes) || bytes > kMaxDataBytes;
  }
  if (overflow) return std::nullopt;
  return bytes;
}

absl::Status Bad(absl::string_view name, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("tensor \"", name, "\": ", what));
}

absl::Status TooLong(std::uint64_t bytes) {
  return absl::ResourceExhaustedError(absl::StrCat(
      "safetensors header: at most ", kMaxSafetensorsHeaderBytes, " bytes, got ", bytes));
}

absl::StatusOr<TensorInfo> DecodeTensor(const std::string& name, const Json& json) {
  if (!json.is_object() || json.size() != 3 || !json.contains("dtype") || !json.contains("shape") ||
      !json.contains("data_offsets")) {
    return Bad(name, "dtype, shape and data_offsets expected");
  }
  TensorInfo info;
  info.spec.name = name;

  const Json& dtype = json["dtype"];
  const auto* known = std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const auto& entry) {
    return dtype.is_string() && dtype.get_ref<const std::string&>() == entry.first;
  });
  if (known == std::end(kDTypes)) return Bad(name, absl::StrCat("unknown dtype ", dtype.dump()));
  info.spec.dtype = known->second;

  if (!json["shape"].is_array()) return Bad(name, "shape is not an array");
  for (const Json& extent : json["shape"]) {
    if (!extent.is_number_unsigned()) return Bad(name, "an extent is not a natural number");
    info.spec.shape.push_back(extent.get<std::uint64_t>());
  }

  const Json& offsets = json["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    return Bad(name, "data_offsets are not two natural numbers");
  }
  info.begin = offsets[0].get<std::uint64_t>();
  const std::uint64_t end = offsets[1].get<std::uint64_t>();
  const std::optional<std::uint64_t> bytes = TensorBytes(info.spec);
  if (!bytes.has_value() || end < info.begin || end - info.begin != *bytes) {
    return Bad(name, absl::StrCat("offsets ", info.begin, " to ", end, " do not fit its shape"));
  }
  info.bytes = *bytes;
  return info;
}

absl::Status DecodeMetadata(const Json& json, TensorMetadata* metadata) {
  if (!json.is_object()) return Bad(kMetadata, "not an object");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return Bad(kMetadata, absl::StrCat(key, " is not a string"));
    metadata->emplace(key, value.get<std::string>());
  }
  return absl::OkStatus();
}

// Parses, refusing what JSON leaves open: an object that names a key twice.
absl::StatusOr<Json> ParseStrictly(absl::string_view text) {
  std::vector<std::set<std::string>> keys;
  std::string duplicate;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const std::string& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) duplicate = key;
    }
    return true;
  };
  Json json = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::DataLossError("the header is not a JSON object");
  if (!duplicate.empty()) return Bad(duplicate, "named twice");
  return json;
}

}  // namespace

absl::string_view DTypeName(DType dtype) {
  for (const auto& [name, known] : kDTypes) {
    if (known == dtype) return name;
  }
  return "?";
}

std::uint64_t DTypeBytes(DType dtype) {
  switch (dtype) {
    case DType::kF64:
    case DType::kU64:
    case DType::kI64:
      return 8;
    case DType::kF32:
    case DType::kU32:
    case DType::kI32:
      return 4;
    case DType::kU8:
      return 1;
  }
  return 0;
}

absl::StatusOr<std::vector<TensorInfo>> LayOutTensors(std::vector<TensorSpec> tensors) {
  std::vector<TensorInfo> infos;
  infos.reserve(tensors.size());
  std::set<absl::string_view> names;
  std::uint64_t offset = 0;
  for (TensorSpec& spec : tensors) {
    const std::optional<std::uint64_t> bytes = TensorBytes(spec);
    if (!bytes.has_value() || *bytes > kMaxDataBytes - offset) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor \"", spec.name, "\": the data exceed 2^63 bytes"));
    }
    infos.push_back({.spec = std::move(spec), .begin = offset, .bytes = *bytes});
    offset += *bytes;
  }
  for (const TensorInfo& info : infos) {
    if (info.spec.name == kMetadata || !names.insert(info.spec.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor \"", info.spec.name, "\": name reserved or used twice"));
    }
  }
  return infos;
}

absl::StatusOr<std::string> EncodeSafetensorsHeader(const std::vector<TensorInfo>& tensors,
                                                    const TensorMetadata& metadata) {
  // Refused before it is built, if the texts alone are too long.
  std::uint64_t text_bytes = 0;
  for (const auto& [key, value] : metadata) text_bytes += key.size() + value.size();
  for (const TensorInfo& info : tensors) text_bytes += info.spec.name.size();
  if (text_bytes > kMaxSafetensorsHeaderBytes) return TooLong(text_bytes);

  // Keeps the order; filled by emplace_back, since it looks keys up in linear time.
  using OrderedJson = nlohmann::ordered_json;
  OrderedJson json = OrderedJson::object();
  if (!metadata.empty()) json[std::string(kMetadata)] = metadata;
  auto& entries = json.get_ref<OrderedJson::object_t&>();
  for (const TensorInfo& info : tensors) {
    entries.Container::emplace_back(
        info.spec.name, OrderedJson{{"dtype", std::string(DTypeName(info.spec.dtype))},
                                    {"shape", info.spec.shape},
                                    {"data_offsets", {info.begin, info.begin + info.bytes}}});
  }
  std::string text;
  try {
    text = json.dump();
  } catch (const OrderedJson::type_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("safetensors header: ", error.what()));
  }
  while ((kLengthBytes + text.size()) % kDataAlignment != 0) text.push_back(' ');
  if (text.size() > kMaxSafetensorsHeaderBytes) return TooLong(text.size());
  std::string encoded;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    encoded.push_back(static_cast<char>(text.size() >> (8 * i) & 0xff));
  }
  return encoded + text;
}

absl::StatusOr<SafetensorsHeader> DecodeSafetensorsHeader(absl::string_view json_text,
                                                          std::uint64_t data_bytes) {
  PL_ASSIGN_OR_RETURN(const Json json, ParseStrictly(json_text));
  SafetensorsHeader header;
  for (const auto& [name, value] : json.items()) {
    if (name == kMetadata) {
      PL_RETURN_IF_ERROR(DecodeMetadata(value, &header.metadata));
    } else {
      PL_ASSIGN_OR_RETURN(TensorInfo info, DecodeTensor(name, value));
      header.tensors.push_back(std::move(info));
    }
  }
  std::stable_sort(header.tensors.begin(), header.tensors.end(),
                   [](const TensorInfo& a, const TensorInfo& b) {
                     return std::pair(a.begin, a.bytes) < std::pair(b.begin, b.bytes);
                   });
  std::uint64_t end = 0;
  for (const TensorInfo& info : header.tensors) {
    if (info.begin != end) {
      return Bad(info.spec.name,
                 absl::StrCat("begins at ", info.begin, ", the one before ends at ", end));
    }
    end = info.begin + info.bytes;
  }
  if (end != data_bytes) {
    return absl::DataLossError(
        absl::StrCat(end, " bytes of data expected after the header, got ", data_bytes));
  }
  return header;
}

}  // namespace paceline
