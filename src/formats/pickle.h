#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bart {

struct PickleObject;

/// Bytes, as opposed to a string.
struct PickleBytes {
  std::string_view value;
};

/// A value of a pickle: None, a bool, an integer, a float, a string (UTF-8, surrogates allowed as Python's
/// "surrogatepass" does), bytes, or an object. Strings and bytes are views into the pickle.
using PickleValue =
    std::variant<std::monostate, bool, std::int64_t, double, std::string_view, PickleBytes, PickleObject*>;

/// An object that a pickle describes, as a mere description: nothing is imported, constructed or called.
struct PickleObject {
  enum class Kind {
    tuple,
    list,
    dict,
    global,      // a class or function, only its name
    call,        // the result that the pickle wants from calling a global (REDUCE, NEWOBJ)
    persistent,  // a reference to something outside of the pickle
    array,       // content that a reader of inline data put in its place; the index is in `arguments`
  };
  Kind kind;
  std::string_view global;         // global, call: "module.name", one of the names that the reader allowed
  std::vector<PickleValue> items;  // tuple, list: elements; dict, call: keys and values in turn
  PickleValue arguments;           // call: the tuple of arguments; persistent: the reference
  PickleValue state;               // call: what BUILD gives it
};

/// Reads a pickle (protocols 2 to 5) into a description of it. It owns the objects; strings point into
/// `data`, which must outlive it. Throws Error on anything that it does not know, names outside `allowed`
/// first of all.
class Pickle {
 public:
  /// `kind` names what the file should be in messages: "a state_dict"; `advice` says how it becomes that.
  Pickle(std::span<const std::uint8_t> data, std::span<const std::string_view> allowed, std::string_view kind,
         std::string_view advice);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  /// Called after each BUILD with the object built; joblib's arrays lie there, between two operations.
  std::function<void(PickleObject&)> after_build;

  /// Runs to STOP and returns the value on top. May be called again for a pickle that follows.
  PickleValue read();

  /// The place of the next operation, and a function that takes the bytes there.
  std::size_t position() const { return position_; }
  std::span<const std::uint8_t> take(std::size_t count);

 private:
  using Memo = std::vector<PickleValue>;

  void operation(std::uint8_t code);
  void number_operation(std::uint8_t code);
  void text_operation(std::uint8_t code);
  void collection_operation(std::uint8_t code);
  void object_operation(std::uint8_t code);
  void memo_operation(std::uint8_t code);

  std::uint64_t little_endian(int bytes);
  std::string_view text(std::uint64_t length);
  std::string_view line();
  PickleValue pop();
  std::vector<PickleValue> pop_to_mark();
  PickleObject& top(PickleObject::Kind kind, PickleObject::Kind other);
  void push_object(PickleObject object);
  void push_tuple(std::size_t count);
  void push_global(std::string_view module, std::string_view name);
  void remember(std::size_t index);
  void recall(std::size_t index);

  std::span<const std::uint8_t> data_;
  std::size_t position_ = 0;
  std::span<const std::string_view> allowed_;
  std::string kind_, advice_;
  std::deque<PickleObject> objects_;  // addresses stay; cycles and depth do no harm, nothing is recursive
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  Memo memo_;
  std::size_t operations_ = 0;
};

/// The object of that kind, or nullptr when `value` is something else.
const PickleObject* pickle_object(const PickleValue& value, PickleObject::Kind kind);

/// The elements of a tuple of exactly `count` elements (any number for npos), or nullptr.
const std::vector<PickleValue>* pickle_tuple(const PickleValue& value, std::size_t count = std::string::npos);

/// Whether `value` is a call of this global.
bool is_pickle_call(const PickleValue& value, std::string_view global);

}  // namespace bart
