#include "bart/formats/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <tuple>
#include <variant>

#include "bart/platform/bf16.h"
#include "bart/platform/checked.h"
#include "bart/platform/error.h"
#include "bart/platform/json_extent.h"
#include "half.h"

namespace bart {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t max_header = std::uint64_t{1} << 24;  // BART's own has a few KB
constexpr std::size_t max_names = 1 << 14;  // of tensors, of what is said of each, of metadata
constexpr std::size_t max_depth = 3;        // a list of numbers, of a tensor, in the header
constexpr const char* metadata_key = "__metadata__";

template <typename Value>
Value load(const std::uint8_t* bytes) {
  Value value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// count values of `Stored` from the file, each turned into a `Value` by `convert`.
template <typename Stored, typename Value, typename Convert>
std::vector<Value> load_all(std::span<const std::uint8_t> data, Convert convert) {
  std::vector<Value> values(data.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = convert(load<Stored>(data.data() + i * sizeof(Stored)));
  }
  return values;
}

template <typename Stored>
std::vector<std::int64_t> load_integers(std::span<const std::uint8_t> data) {
  return load_all<Stored, std::int64_t>(data, [](Stored value) { return std::int64_t{value}; });
}

/// The types of the format that a network may hold.
struct DataType {
  const char* name;
  std::size_t size;
};
constexpr DataType data_types[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                                   {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U8", 1}};

const DataType* find_type(std::string_view name) {
  return std::find_if(std::begin(data_types), std::end(data_types),
                      [&](const DataType& type) { return name == type.name; });
}

std::variant<std::vector<float>, std::vector<std::int64_t>> load_values(std::string_view type,
                                                                        std::span<const std::uint8_t> data) {
  if (type == "F32") return load_all<float, float>(data, [](float value) { return value; });
  if (type == "F64") return load_all<double, float>(data, [](double v) { return static_cast<float>(v); });
  if (type == "F16") return load_all<std::uint16_t, float>(data, float_from_half);
  if (type == "BF16") return load_all<std::uint16_t, float>(data, float_of_bf16);
  if (type == "I64") return load_integers<std::int64_t>(data);
  if (type == "I32") return load_integers<std::int32_t>(data);
  if (type == "I16") return load_integers<std::int16_t>(data);
  if (type == "I8") return load_integers<std::int8_t>(data);
  return load_integers<std::uint8_t>(data);
}

/// The entry of a tensor in the header.
struct Entry {
  std::string name;
  std::string type;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;  // in the data
};

/// A JSON list of whole numbers from 0.
std::vector<std::uint64_t> numbers(const json& list) {
  std::vector<std::uint64_t> values;
  if (!list.is_array()) throw Error("not a list");
  for (const json& value : list) {
    if (!value.is_number_unsigned()) throw Error("not a whole number from 0");
    values.push_back(value.get<std::uint64_t>());
  }
  return values;
}

Entry read_entry(const std::string& name, const json& entry) {
  try {
    const std::vector<std::uint64_t> offsets = numbers(entry.at("data_offsets"));
    return {name, entry.at("dtype").get<std::string>(), numbers(entry.at("shape")), offsets.at(0),
            offsets.at(1)};
  } catch (const std::exception&) {
    throw Error(fmt::format("the safetensors header does not describe tensor {} as it should", name));
  }
}

json read_header(std::string_view text) {
  std::size_t all_names = 0;
  std::set<std::string> outer_names;  // Of two tensors with one name the parser would keep the last.
  const JsonExtent extent = json_extent(text, [&](std::size_t depth, const std::string& name) {
    if (++all_names > max_names) throw Error("the safetensors header has more names than any network needs");
    if (depth == 1 && !outer_names.insert(name).second)
      throw Error(fmt::format("tensor {} occurs twice", name));
  });
  if (extent.depth > max_depth) throw Error("the safetensors header is nested too deeply");
  json header = json::parse(text, nullptr, false);
  if (!header.is_object()) throw Error("the header is not the JSON of a safetensors file");
  return header;
}

/// The bytes of a tensor, at most `limit`.
std::uint64_t checked_size(const Entry& entry, std::uint64_t limit) {
  const DataType* type = find_type(entry.type);
  if (type == std::end(data_types)) {
    throw Error(fmt::format("tensor {} is of type {}, which cannot be read", entry.name, entry.type));
  }
  std::uint64_t size = type->size;
  for (const std::uint64_t dimension : entry.shape) {
    // The largest dimensions a StateDict can name, even where another is 0.
    if (dimension > std::numeric_limits<std::int64_t>::max() || (dimension > 0 && size > limit / dimension)) {
      throw Error(fmt::format("tensor {} of shape {} is larger than the file", entry.name, entry.shape));
    }
    size *= dimension;
  }
  return size;
}

}  // namespace

std::vector<std::uint8_t> encode_safetensors(Safetensors content, const SafetensorsOptions& options) {
  const auto stored_as_half = [&](const Tensor& tensor) { return options.half && is_half_weight(tensor); };
  ordered_json header = ordered_json::object();
  if (!content.metadata.empty()) header[metadata_key] = content.metadata;
  std::uint64_t end = 0;
  for (const Tensor& tensor : content.tensors) {
    if (header.contains(tensor.name)) throw Error(fmt::format("tensor {} occurs twice", tensor.name));
    const bool integer = std::holds_alternative<std::vector<std::int64_t>>(tensor.values);
    const char* type = integer ? "I64" : stored_as_half(tensor) ? "F16" : "F32";
    const auto count = static_cast<std::size_t>(element_count(tensor.shape));
    if (std::visit([](const auto& values) { return values.size(); }, tensor.values) != count) {
      throw Error(fmt::format("tensor {} does not have the {} values of its shape {}", tensor.name, count,
                              tensor.shape));
    }
    const std::uint64_t begin = end;
    end = checked_sum(end, checked_product(count, find_type(type)->size));
    header[tensor.name] = {{"dtype", type}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error("a name in the model is not valid UTF-8");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data is aligned

  std::vector<std::uint8_t> file;
  file.reserve(length_bytes + text.size() + end);
  const auto append = [&](const void* bytes, std::size_t size) {
    const auto* first = static_cast<const std::uint8_t*>(bytes);
    file.insert(file.end(), first, first + size);
  };
  const std::uint64_t length = text.size();
  append(&length, length_bytes);
  append(text.data(), text.size());
  for (Tensor& tensor : content.tensors) {
    if (stored_as_half(tensor)) {
      const std::string bytes = half_bytes(tensor);
      append(bytes.data(), bytes.size());
    } else {
      std::visit([&](const auto& values) { append(values.data(), values.size() * sizeof(values[0])); },
                 tensor.values);
    }
    tensor = {};
  }
  return file;
}

Safetensors decode_safetensors(std::span<const std::uint8_t> file) {
  if (file.size() < length_bytes) throw Error("the file is too short for a safetensors file");
  const auto length = load<std::uint64_t>(file.data());
  if (length > max_header || length > file.size() - length_bytes) {
    throw Error("the safetensors header is longer than the file, or than any network needs");
  }
  const json header =
      read_header({reinterpret_cast<const char*>(file.data()) + length_bytes, std::size_t{length}});
  const auto data = file.subspan(length_bytes + length);

  Safetensors content;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != metadata_key) {
      entries.push_back(read_entry(name, value));
      continue;
    }
    try {
      content.metadata = value.get<std::map<std::string, std::string>>();
    } catch (const nlohmann::json::exception&) {
      throw Error("the metadata of the safetensors file is not text");
    }
  }
  // Laid end to end, entries can share no bytes and leave none out.
  // One without bytes comes before the one that begins where it lies.
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t position = 0;
  for (const Entry& entry : entries) {
    const std::uint64_t size = checked_size(entry, data.size());
    if (entry.begin != position || size > data.size() - position || entry.end != position + size) {
      throw Error(fmt::format("tensor {} of shape {} does not lie directly after the one before it",
                              entry.name, entry.shape));
    }
    content.tensors.push_back({entry.name,
                               {entry.shape.begin(), entry.shape.end()},
                               load_values(entry.type, data.subspan(position, size))});
    position += size;
  }
  if (position != data.size()) throw Error("the safetensors file has bytes that belong to no tensor");
  return content;
}

}  // namespace bart
