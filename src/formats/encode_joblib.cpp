// The same bytes as joblib.dump writes: a pickle of protocol 4 that is interrupted, after the description of
// an array, by the array's bytes (joblib/numpy_pickle.py, NumpyArrayWrapper.write_array).
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "bart/formats/joblib.h"
#include "bart/platform/error.h"
#include "bart/platform/utf8.h"

namespace bart {
namespace {

// A scikit-learn of another version warns when it loads the file, as it does for files that it wrote itself.
constexpr std::string_view sklearn_version = "1.9.1";
constexpr std::size_t array_alignment = 16;

// Opcodes of Python's pickletools, as text to put together.
constexpr char MARK = '(', NONE = 'N', TUPLE = 't', BUILD = 'b', REDUCE = 'R', SETITEMS = 'u', STOP = '.';
constexpr char EMPTY_TUPLE = ')', EMPTY_DICT = '}', MEMOIZE = '\x94', STACK_GLOBAL = '\x93', NEWOBJ = '\x81';
constexpr char TUPLE1 = '\x85', TUPLE3 = '\x87', NEWTRUE = '\x88', NEWFALSE = '\x89';

std::string little_endian(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string text(std::string_view value) {
  return '\x8c' + little_endian(value.size(), 1) + std::string(value) + MEMOIZE;
}

std::string integer(std::uint64_t value) {
  if (value <= 0xff) return 'K' + little_endian(value, 1);
  if (value <= 0xffff) return 'M' + little_endian(value, 2);
  return 'J' + little_endian(value, 4);
}

std::string frame(const std::string& content) {
  return '\x95' + little_endian(content.size(), 8) + content;
}

/// The start of the pickle: LabelEncoder, classes_ = NumpyArrayWrapper(shape (count,), dtype '<U{width}').
std::string description(std::size_t count, std::size_t width) {
  std::string p;
  p += text("sklearn.preprocessing._label") + text("LabelEncoder") + STACK_GLOBAL + MEMOIZE;
  p = p + EMPTY_TUPLE + NEWOBJ + MEMOIZE + EMPTY_DICT + MEMOIZE + MARK;
  p += text("classes_");
  p += text("joblib.numpy_pickle") + text("NumpyArrayWrapper") + STACK_GLOBAL + MEMOIZE;
  p = p + EMPTY_TUPLE + NEWOBJ + MEMOIZE + EMPTY_DICT + MEMOIZE + MARK;
  p += text("subclass") + text("numpy") + text("ndarray") + STACK_GLOBAL + MEMOIZE;
  p += text("shape") + integer(count) + TUPLE1 + MEMOIZE;
  p += text("order") + text("C");
  p += text("dtype") + "h\x0c" + text("dtype") + STACK_GLOBAL + MEMOIZE;  // h 12: "numpy" from the memo
  p += text(fmt::format("U{}", width)) + NEWFALSE + NEWTRUE + TUPLE3 + MEMOIZE + REDUCE + MEMOIZE;
  // The dtype's state: version, byte order, subtype, names, fields, size, alignment, flags.
  p = p + MARK + integer(3) + text("<") + NONE + NONE + NONE + integer(4 * width) + integer(4) + integer(8) +
      TUPLE + MEMOIZE + BUILD;
  p += text("allow_mmap") + NEWTRUE;
  p += text("numpy_array_alignment_bytes") + integer(array_alignment);
  return p + SETITEMS + BUILD;
}

}  // namespace

std::vector<std::uint8_t> encode_label_encoder(const std::vector<std::string>& classes) {
  std::vector<std::string_view> sorted(classes.begin(), classes.end());
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) throw Error("a class is named twice");
  std::vector<std::u32string> names;
  std::size_t width = 1;
  for (const std::string& name : classes) {
    std::u32string& code_points = names.emplace_back();
    for (std::string_view rest = name; !rest.empty();) code_points += next_code_point(rest);
    if (!code_points.empty() && code_points.back() == 0)
      throw Error("a class name ends with a zero character");
    width = std::max(width, code_points.size());
  }
  if (names.size() * width >= std::uint64_t{1} << 29)
    throw Error("the class names are too many or too long to store");

  std::string file = "\x80\x04" + frame(description(names.size(), width));
  const std::size_t padding = array_alignment - (file.size() + 1) % array_alignment;
  file += static_cast<char>(padding);
  file.append(padding, '\xff');
  for (const std::u32string& name : names) {
    for (const char32_t c : name) file += little_endian(c, 4);
    file.append(4 * (width - name.size()), '\0');
  }
  file += frame(text("_sklearn_version") + text(sklearn_version) + SETITEMS + BUILD + STOP);
  return {file.begin(), file.end()};
}

}  // namespace bart
