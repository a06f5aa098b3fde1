#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bart/formats/joblib.h"
#include "bart/platform/error.h"
#include "bart/platform/fuzzing.h"
#include "bart/platform/utf8.h"
#include "message.h"
#include "pickle.h"

namespace bart {
namespace {

using Kind = PickleObject::Kind;

/// Every name that a LabelEncoder's file may need, of today's libraries and of older ones.
constexpr std::array<std::string_view, 8> label_encoder_globals = {
    "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.preprocessing.label.LabelEncoder",
    "joblib.numpy_pickle.NumpyArrayWrapper",
    "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper",
    "numpy.ndarray",
    "numpy.dtype",
    "numpy._core.multiarray._reconstruct",
    "numpy.core.multiarray._reconstruct"};

constexpr std::string_view label_advice = "save one with joblib.dump(LabelEncoder().fit(CLASSES), FILE)";
constexpr std::size_t max_size = std::size_t{built_for_fuzzing ? 4 : 64} << 20;  // of a decompressed file

[[noreturn]] void damaged() {
  throw Error("the array of class names is not described as numpy does: the file is damaged");
}

bool is_call_of(const PickleValue& value, std::string_view end) {
  const PickleObject* object = pickle_object(value, Kind::call);
  return object != nullptr && object->global.ends_with(end);
}

/// The value of a text key of a dictionary, or nullptr.
const PickleValue* find_item(const PickleObject& dict, std::string_view key) {
  for (std::size_t i = 0; i < dict.items.size(); i += 2) {
    const std::string_view* name = std::get_if<std::string_view>(&dict.items[i]);
    if (name != nullptr && *name == key) return &dict.items[i + 1];
  }
  return nullptr;
}

/// numpy.dtype('U24', …) with its state (version, byte order, …), or dtype('O', …).
struct TextType {
  bool object;
  std::size_t width;  // code points
  bool big_endian;
};

TextType text_type(const PickleValue& value) {
  const PickleObject* dtype = pickle_object(value, Kind::call);
  if (!is_call_of(value, "numpy.dtype")) damaged();
  const auto* arguments = pickle_tuple(dtype->arguments);
  const std::string_view* name =
      arguments->empty() ? nullptr : std::get_if<std::string_view>(&arguments->front());
  if (name == nullptr || name->empty()) damaged();
  if (name->front() == 'O') return {true, 0, false};
  if (name->front() != 'U') {
    throw Error(fmt::format("the classes are of numpy's type '{}', not text: BART's classes are named",
                            in_message(*name)));
  }
  std::size_t width = 0;
  const char* end = name->data() + name->size();
  const auto [stop, error] = std::from_chars(name->data() + 1, end, width);
  if (error != std::errc{} || stop != end || width == 0 || width > max_size) damaged();
  const auto* state = pickle_tuple(dtype->state);
  const std::string_view* order =
      state == nullptr || state->size() < 2 ? nullptr : std::get_if<std::string_view>(&(*state)[1]);
  if (order == nullptr || (*order != "<" && *order != ">")) damaged();
  return {false, width, *order == ">"};
}

/// The number of elements of a one-dimensional shape.
std::size_t length_of(const PickleValue& value) {
  const auto* shape = pickle_tuple(value, 1);
  const std::int64_t* length = shape == nullptr ? nullptr : std::get_if<std::int64_t>(&shape->front());
  if (length == nullptr || *length < 0 || static_cast<std::uint64_t>(*length) > max_size) damaged();
  return static_cast<std::size_t>(*length);
}

std::vector<std::string> fixed_width_names(std::span<const std::uint8_t> bytes, std::size_t count,
                                           const TextType& type) {
  std::vector<std::string> names(count);
  const std::uint8_t* at = bytes.data();
  for (std::string& name : names) {
    std::size_t zeros = 0;  // those at the end are padding
    for (std::size_t i = 0; i < type.width; ++i, at += 4) {
      std::uint32_t c = 0;
      for (std::size_t b = 0; b < 4; ++b) c |= std::uint32_t{at[type.big_endian ? 3 - b : b]} << (8 * b);
      if (c == 0) {
        ++zeros;
        continue;
      }
      name.append(std::exchange(zeros, 0), '\0');
      if (!append_code_point(name, c)) {
        throw Error(fmt::format(
            "a class name has the character U+{:04X}, which does not exist: the file is damaged", c));
      }
    }
  }
  return names;
}

/// numpy's own pickle of an array: _reconstruct(…), BUILD (version, shape, dtype, Fortran order, list or
/// bytes).
std::vector<std::string> reconstructed_names(const PickleValue& value) {
  if (!is_call_of(value, "._reconstruct")) damaged();
  const auto* state = pickle_tuple(pickle_object(value, Kind::call)->state, 5);
  if (state == nullptr) damaged();
  const std::size_t count = length_of((*state)[1]);
  const TextType type = text_type((*state)[2]);
  if (const PickleBytes* bytes = std::get_if<PickleBytes>(&(*state)[4]); bytes != nullptr && !type.object) {
    if (bytes->value.size() / 4 / type.width != count || bytes->value.size() % (4 * type.width) != 0)
      damaged();
    return fixed_width_names(
        {reinterpret_cast<const std::uint8_t*>(bytes->value.data()), bytes->value.size()}, count, type);
  }
  const PickleObject* list = pickle_object((*state)[4], Kind::list);
  if (!type.object || list == nullptr || list->items.size() != count) damaged();
  std::vector<std::string> names;
  for (const PickleValue& item : list->items) {
    const std::string_view* name = std::get_if<std::string_view>(&item);
    if (name == nullptr)
      throw Error("a class is named by something other than text: BART's classes are named like folders");
    names.emplace_back(*name);
  }
  return names;
}

/// Reads the array that follows its description in the file.
std::vector<std::string> inline_names(Pickle& pickle, std::span<const std::uint8_t> file,
                                      const PickleObject& wrapper) {
  const PickleObject* state = pickle_object(wrapper.state, Kind::dict);
  const PickleValue* shape = state == nullptr ? nullptr : find_item(*state, "shape");
  const PickleValue* dtype = state == nullptr ? nullptr : find_item(*state, "dtype");
  if (shape == nullptr || dtype == nullptr) damaged();
  const std::size_t count = length_of(*shape);
  const TextType type = text_type(*dtype);
  if (type.object) {  // a pickle within the pickle
    Pickle inner(file.subspan(pickle.position()), label_encoder_globals, "a LabelEncoder", label_advice);
    std::vector<std::string> names = reconstructed_names(inner.read());
    if (names.size() != count) damaged();
    pickle.take(inner.position());
    return names;
  }
  const PickleValue* alignment = find_item(*state, "numpy_array_alignment_bytes");  // since joblib 1.2
  if (alignment != nullptr && std::holds_alternative<std::int64_t>(*alignment))
    pickle.take(pickle.take(1)[0]);
  if (count > (file.size() - pickle.position()) / 4 / type.width) {
    throw Error("the file ends within the class names: it is cut off or damaged");
  }
  return fixed_width_names(pickle.take(count * type.width * 4), count, type);
}

std::vector<std::string> decode_plain(std::span<const std::uint8_t> file) {
  Pickle pickle(file, label_encoder_globals, "a LabelEncoder", label_advice);
  std::optional<std::vector<std::string>> names;
  pickle.after_build = [&](PickleObject& object) {
    if (!object.global.ends_with(".NumpyArrayWrapper")) return;
    if (names) throw Error("the file holds more than one array: no LabelEncoder");
    names = inline_names(pickle, file, object);
    object.kind = Kind::array;
  };
  const PickleValue encoder = pickle.read();
  const PickleObject* state = is_call_of(encoder, ".LabelEncoder")
                                  ? pickle_object(pickle_object(encoder, Kind::call)->state, Kind::dict)
                                  : nullptr;
  const PickleValue* classes = state == nullptr ? nullptr : find_item(*state, "classes_");
  if (classes == nullptr)
    throw Error("the file holds no fitted LabelEncoder: make one with joblib.dump(encoder, FILE)");
  if (pickle_object(*classes, Kind::array) == nullptr) names = reconstructed_names(*classes);
  return std::move(*names);
}

std::vector<std::uint8_t> decompress(std::span<const std::uint8_t> file, bool gzip) {
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> inflate(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  const auto run = gzip ? libdeflate_gzip_decompress : libdeflate_zlib_decompress;
  for (std::size_t size = std::size_t{1} << 20; inflate && size <= max_size; size *= 4) {
    std::vector<std::uint8_t> content(size);
    std::size_t actual = 0;
    const libdeflate_result result =
        run(inflate.get(), file.data(), file.size(), content.data(), size, &actual);
    if (result == LIBDEFLATE_SUCCESS) {
      content.resize(actual);
      return content;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) throw Error("the compressed file is cut off or damaged");
  }
  throw Error(fmt::format("the file expands to more than {} MiB: it is refused", max_size >> 20));
}

}  // namespace

std::vector<std::string> decode_label_encoder(std::span<const std::uint8_t> file) {
  using namespace std::string_view_literals;
  const auto starts_with = [&](std::string_view text) {
    return file.size() >= text.size() && std::memcmp(file.data(), text.data(), text.size()) == 0;
  };
  // The first bytes by which joblib knows its compressors.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> others = {
      {{"BZh"sv, "bz2"sv},
       {"\xfd"
        "7zXZ"sv,
        "xz"sv},
       {"\x5d\x00"sv, "lzma"sv},
       {"\x04\x22\x4d\x18"sv, "lz4"sv},
       {"ZF"sv, "joblib's first format"sv}}};
  for (const auto& [magic, name] : others) {
    if (starts_with(magic)) {
      throw Error(
          fmt::format("compressed with {}: BART reads zlib, gzip and plain files; write it again with "
                      "joblib.dump(encoder, FILE)",
                      name));
    }
  }
  if (file.empty()) throw Error("the file is empty");
  if (starts_with("\x78"sv) || starts_with("\x1f\x8b"sv))
    return decode_plain(decompress(file, file[0] == 0x1f));
  if (!starts_with("\x80"sv))
    throw Error("no LabelEncoder: joblib.dump writes a pickle, and this is something else");
  return decode_plain(file);
}

}  // namespace bart
