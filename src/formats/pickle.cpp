#include "pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "bart/platform/error.h"
#include "message.h"

namespace bart {
namespace {

// Opcodes with their names in Python's pickletools.
enum Opcode : std::uint8_t {
  MARK = '(',
  STOP = '.',
  POP = '0',
  POP_MARK = '1',
  BINFLOAT = 'G',
  BININT = 'J',
  BININT1 = 'K',
  BININT2 = 'M',
  NONE = 'N',
  BINPERSID = 'Q',
  REDUCE = 'R',
  BINUNICODE = 'X',
  APPEND = 'a',
  BUILD = 'b',
  GLOBAL = 'c',
  EMPTY_DICT = '}',
  APPENDS = 'e',
  BINGET = 'h',
  LONG_BINGET = 'j',
  EMPTY_LIST = ']',
  BINPUT = 'q',
  LONG_BINPUT = 'r',
  SETITEM = 's',
  TUPLE = 't',
  EMPTY_TUPLE = ')',
  SETITEMS = 'u',
  BINBYTES = 'B',
  SHORT_BINBYTES = 'C',
  PROTO = 0x80,
  NEWOBJ = 0x81,
  TUPLE1 = 0x85,
  TUPLE2 = 0x86,
  TUPLE3 = 0x87,
  NEWTRUE = 0x88,
  NEWFALSE = 0x89,
  LONG1 = 0x8a,
  SHORT_BINUNICODE = 0x8c,
  BINUNICODE8 = 0x8d,
  STACK_GLOBAL = 0x93,
  MEMOIZE = 0x94,
  FRAME = 0x95,
};

// A state_dict of thousands of tensors needs some 30 operations each; every operation may cost an object.
constexpr std::size_t max_operations = 1'000'000;
constexpr std::size_t max_memo = max_operations;

using Kind = PickleObject::Kind;

}  // namespace

Pickle::Pickle(std::span<const std::uint8_t> data, std::span<const std::string_view> allowed,
               std::string_view kind, std::string_view advice)
    : data_(data), allowed_(allowed), kind_(kind), advice_(advice) {}

std::span<const std::uint8_t> Pickle::take(std::size_t count) {
  if (count > data_.size() - position_)
    throw Error("the pickle ends too early: the file is cut off or damaged");
  const auto bytes = data_.subspan(position_, count);
  position_ += count;
  return bytes;
}

std::uint64_t Pickle::little_endian(int bytes) {
  std::uint64_t value = 0;
  int shift = 0;
  for (const std::uint8_t byte : take(static_cast<std::size_t>(bytes))) {
    value |= std::uint64_t{byte} << shift;
    shift += 8;
  }
  return value;
}

std::string_view Pickle::text(std::uint64_t length) {
  const auto bytes = take(length);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view Pickle::line() {
  const auto rest = data_.subspan(position_);
  const auto end = std::find(rest.begin(), rest.end(), '\n');
  const std::string_view result = text(static_cast<std::size_t>(end - rest.begin()));
  take(1);
  return result;
}

PickleValue Pickle::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
    throw Error("the pickle takes more values than it has: the file is damaged");
  }
  const PickleValue value = stack_.back();
  stack_.pop_back();
  return value;
}

std::vector<PickleValue> Pickle::pop_to_mark() {
  if (marks_.empty()) throw Error("the pickle lacks a mark: the file is damaged");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue> values(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return values;
}

/// The object on top of the stack, of one of two kinds.
PickleObject& Pickle::top(Kind kind, Kind other) {
  const PickleValue value = pop();
  stack_.push_back(value);
  PickleObject* const* object = std::get_if<PickleObject*>(&value);
  if (object == nullptr || ((*object)->kind != kind && (*object)->kind != other)) {
    throw Error("the pickle adds to something that is no collection: the file is damaged");
  }
  return **object;
}

void Pickle::push_object(PickleObject object) {
  stack_.emplace_back(&objects_.emplace_back(std::move(object)));
}

void Pickle::push_tuple(std::size_t count) {
  std::vector<PickleValue> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  push_object({Kind::tuple, {}, std::move(items), {}, {}});
}

void Pickle::push_global(std::string_view module, std::string_view name) {
  const std::string full = fmt::format("{}.{}", module, name);
  const auto found = std::find(allowed_.begin(), allowed_.end(), full);
  if (found == allowed_.end()) {
    throw Error(
        fmt::format("the pickle names {}, which {} does not need: it is refused, for a pickle may run any "
                    "code; {}",
                    in_message(full), kind_, advice_));
  }
  push_object({Kind::global, *found, {}, {}, {}});
}

void Pickle::remember(std::size_t index) {
  if (index >= max_memo) throw Error(fmt::format("the pickle's memo has an entry {}: too many", index));
  const PickleValue value = pop();
  stack_.push_back(value);
  if (index >= memo_.size()) memo_.resize(index + 1);
  memo_[index] = value;
}

void Pickle::recall(std::size_t index) {
  if (index >= memo_.size()) throw Error("the pickle recalls what it never stored: the file is damaged");
  stack_.push_back(memo_[index]);
}

void Pickle::number_operation(std::uint8_t code) {
  switch (code) {
    case BININT:
      stack_.emplace_back(std::int64_t{static_cast<std::int32_t>(little_endian(4))});
      break;
    case BININT1:
      stack_.emplace_back(static_cast<std::int64_t>(little_endian(1)));
      break;
    case BININT2:
      stack_.emplace_back(static_cast<std::int64_t>(little_endian(2)));
      break;
    case LONG1: {
      const int bytes = static_cast<int>(little_endian(1));
      if (bytes > 8) throw Error("the pickle has an integer of more than 64 bits");
      std::uint64_t value = little_endian(bytes);
      const bool negative = bytes > 0 && bytes < 8 && (value >> (8 * bytes - 1)) != 0;
      if (negative) value |= ~std::uint64_t{0} << (8 * bytes);
      stack_.emplace_back(static_cast<std::int64_t>(value));
      break;
    }
    default: {  // BINFLOAT is big-endian
      std::uint64_t bits = 0;
      for (const std::uint8_t byte : take(8)) bits = bits << 8 | byte;
      stack_.emplace_back(std::bit_cast<double>(bits));
    }
  }
}

void Pickle::text_operation(std::uint8_t code) {
  switch (code) {
    case BINUNICODE:
      stack_.emplace_back(text(little_endian(4)));
      break;
    case SHORT_BINUNICODE:
      stack_.emplace_back(text(little_endian(1)));
      break;
    case BINUNICODE8:
      stack_.emplace_back(text(little_endian(8)));
      break;
    case SHORT_BINBYTES:
      stack_.emplace_back(PickleBytes{text(little_endian(1))});
      break;
    default:  // BINBYTES
      stack_.emplace_back(PickleBytes{text(little_endian(4))});
  }
}

void Pickle::collection_operation(std::uint8_t code) {
  const auto append = [](std::vector<PickleValue>& to, const std::vector<PickleValue>& values) {
    to.insert(to.end(), values.begin(), values.end());
  };
  switch (code) {
    case EMPTY_TUPLE:
      push_tuple(0);
      break;
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
      push_tuple(static_cast<std::size_t>(code - TUPLE1) + 1);
      break;
    case TUPLE:
      push_object({Kind::tuple, {}, pop_to_mark(), {}, {}});
      break;
    case EMPTY_LIST:
      push_object({Kind::list, {}, {}, {}, {}});
      break;
    case EMPTY_DICT:
      push_object({Kind::dict, {}, {}, {}, {}});
      break;
    case APPEND: {
      const PickleValue value = pop();
      top(Kind::list, Kind::list).items.push_back(value);
      break;
    }
    case APPENDS: {
      const std::vector<PickleValue> values = pop_to_mark();
      append(top(Kind::list, Kind::list).items, values);
      break;
    }
    case SETITEM: {
      const PickleValue value = pop();
      const PickleValue key = pop();
      append(top(Kind::dict, Kind::call).items, {key, value});
      break;
    }
    default: {  // SETITEMS
      const std::vector<PickleValue> values = pop_to_mark();
      if (values.size() % 2 != 0) throw Error("the pickle has a key without a value: the file is damaged");
      append(top(Kind::dict, Kind::call).items, values);
    }
  }
}

void Pickle::object_operation(std::uint8_t code) {
  switch (code) {
    case GLOBAL: {
      const std::string_view module = line();
      const std::string_view name = line();
      push_global(module, name);
      break;
    }
    case STACK_GLOBAL: {
      const PickleValue name = pop();
      const PickleValue module = pop();
      if (!std::holds_alternative<std::string_view>(name) ||
          !std::holds_alternative<std::string_view>(module)) {
        throw Error("the pickle names a class by something other than text: the file is damaged");
      }
      push_global(std::get<std::string_view>(module), std::get<std::string_view>(name));
      break;
    }
    case REDUCE:
    case NEWOBJ: {
      const PickleValue arguments = pop();
      const PickleValue callee = pop();
      const PickleObject* global = pickle_object(callee, Kind::global);
      if (global == nullptr || pickle_tuple(arguments) == nullptr) {
        throw Error("the pickle calls something that is no class: the file is damaged");
      }
      push_object({Kind::call, global->global, {}, arguments, {}});
      break;
    }
    case BUILD: {
      const PickleValue state = pop();
      PickleObject& object = top(Kind::call, Kind::call);
      object.state = state;
      if (after_build) after_build(object);
      break;
    }
    default:  // BINPERSID
      push_object({Kind::persistent, {}, {}, pop(), {}});
  }
}

void Pickle::memo_operation(std::uint8_t code) {
  switch (code) {
    case BINPUT:
      return remember(little_endian(1));
    case LONG_BINPUT:
      return remember(little_endian(4));
    case MEMOIZE:
      return remember(memo_.size());
    case BINGET:
      return recall(little_endian(1));
    default:  // LONG_BINGET
      return recall(little_endian(4));
  }
}

void Pickle::operation(std::uint8_t code) {
  switch (code) {
    case PROTO: {
      const std::uint64_t protocol = little_endian(1);
      if (protocol < 2 || protocol > 5)
        throw Error(fmt::format("the pickle has protocol {}; 2 to 5 are known", protocol));
      break;
    }
    case FRAME:  // tells how much to read ahead; all is in memory
      if (little_endian(8) > data_.size() - position_)
        throw Error("the pickle ends too early: the file is cut off or damaged");
      break;
    case MARK:
      marks_.push_back(stack_.size());
      break;
    case POP:
      pop();
      break;
    case POP_MARK:
      pop_to_mark();
      break;
    case NONE:
      stack_.emplace_back(std::monostate{});
      break;
    case NEWTRUE:
    case NEWFALSE:
      stack_.emplace_back(code == NEWTRUE);
      break;
    case BININT:
    case BININT1:
    case BININT2:
    case LONG1:
    case BINFLOAT:
      return number_operation(code);
    case BINUNICODE:
    case SHORT_BINUNICODE:
    case BINUNICODE8:
    case BINBYTES:
    case SHORT_BINBYTES:
      return text_operation(code);
    case EMPTY_TUPLE:
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
    case TUPLE:
    case EMPTY_LIST:
    case EMPTY_DICT:
    case APPEND:
    case APPENDS:
    case SETITEM:
    case SETITEMS:
      return collection_operation(code);
    case GLOBAL:
    case STACK_GLOBAL:
    case REDUCE:
    case NEWOBJ:
    case BUILD:
    case BINPERSID:
      return object_operation(code);
    case BINPUT:
    case LONG_BINPUT:
    case MEMOIZE:
    case BINGET:
    case LONG_BINGET:
      return memo_operation(code);
    default:
      throw Error(fmt::format("the pickle has an operation 0x{:02x} that {} does not need: it is refused",
                              code, kind_));
  }
}

PickleValue Pickle::read() {
  stack_.clear();
  marks_.clear();
  memo_.clear();
  for (;;) {
    const std::uint8_t code = take(1)[0];
    if (code == STOP) return pop();
    if (++operations_ > max_operations) {
      throw Error(fmt::format("the pickle has over {} operations, far more than {} needs: it is refused",
                              max_operations, kind_));
    }
    operation(code);
  }
}

const PickleObject* pickle_object(const PickleValue& value, PickleObject::Kind kind) {
  PickleObject* const* object = std::get_if<PickleObject*>(&value);
  return object != nullptr && (*object)->kind == kind ? *object : nullptr;
}

const std::vector<PickleValue>* pickle_tuple(const PickleValue& value, std::size_t count) {
  const PickleObject* object = pickle_object(value, Kind::tuple);
  if (object == nullptr || (count != std::string::npos && object->items.size() != count)) return nullptr;
  return &object->items;
}

bool is_pickle_call(const PickleValue& value, std::string_view global) {
  const PickleObject* object = pickle_object(value, Kind::call);
  return object != nullptr && object->global == global;
}

}  // namespace bart
