// What torch.save writes: a zip archive of "NAME/data.pkl", a pickle that describes the tensors, and one
// record "NAME/data/KEY" for the bytes of each storage (torch/serialization.py, torch/_utils.py).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "bart/formats/pth.h"
#include "bart/platform/bf16.h"
#include "bart/platform/checked.h"
#include "bart/platform/error.h"
#include "bart/platform/huge_pages.h"
#include "half.h"
#include "message.h"
#include "pickle.h"
#include "zip.h"

namespace bart {
namespace {

using Kind = PickleObject::Kind;

constexpr std::string_view ordered_dict = "collections.OrderedDict";
constexpr std::string_view rebuild_tensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view rebuild_parameter = "torch._utils._rebuild_parameter";

enum class Dtype { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

struct StorageType {
  std::string_view global;
  Dtype dtype;
  std::uint64_t size;
};

constexpr std::array storage_types = {
    StorageType{"torch.DoubleStorage", Dtype::f64, 8}, StorageType{"torch.FloatStorage", Dtype::f32, 4},
    StorageType{"torch.HalfStorage", Dtype::f16, 2},   StorageType{"torch.BFloat16Storage", Dtype::bf16, 2},
    StorageType{"torch.LongStorage", Dtype::i64, 8},   StorageType{"torch.IntStorage", Dtype::i32, 4},
    StorageType{"torch.ShortStorage", Dtype::i16, 2},  StorageType{"torch.CharStorage", Dtype::i8, 1},
    StorageType{"torch.ByteStorage", Dtype::u8, 1},    StorageType{"torch.BoolStorage", Dtype::boolean, 1}};

/// Every name that a state_dict may need. Nothing else is ever accepted.
constexpr auto state_dict_globals = [] {
  std::array<std::string_view, storage_types.size() + 3> names{ordered_dict, rebuild_tensor,
                                                               rebuild_parameter};
  for (std::size_t i = 0; i < storage_types.size(); ++i) names[i + 3] = storage_types[i].global;
  return names;
}();

constexpr std::string_view advice = "save the weights alone, with torch.save(model.state_dict(), FILE)";
constexpr std::size_t max_dimensions = 64;  // PyTorch's own limit

/// The bytes of a storage and the type of its values.
struct Storage {
  const StorageType* type;
  std::span<const std::uint8_t> bytes;
  std::int64_t count() const { return static_cast<std::int64_t>(bytes.size() / type->size); }
};

/// The archive's records by name, each inflated and checked once.
class Records {
 public:
  explicit Records(std::span<const std::uint8_t> file) : entries_(read_zip_directory(file)) {
    if (entries_.empty()) throw Error("the zip archive is empty: no PyTorch model");
    const std::string_view first = entries_.front().name;
    prefix_ = first.substr(0, first.find('/'));
    for (const ZipEntry& entry : entries_) {
      if (entry.name.substr(0, prefix_.size()) == prefix_ && entry.name.size() > prefix_.size()) {
        by_name_[entry.name.substr(prefix_.size() + 1)] = {&entry, {}, {}};
      }
      values_ += entry.size;
    }
  }

  bool has(std::string_view name) const { return by_name_.contains(name); }

  std::span<const std::uint8_t> get(std::string_view name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end())
      throw Error(fmt::format("the archive has no record '{}': no state_dict of PyTorch, or damaged",
                              in_message(name)));
    Record& record = found->second;
    if (record.entry != nullptr)
      record.content = read_zip_entry(*std::exchange(record.entry, nullptr), record.inflated);
    return record.content;
  }

  std::uint64_t total_size() const { return values_; }

 private:
  struct Record {
    const ZipEntry* entry;  // until read
    std::span<const std::uint8_t> content;
    std::vector<std::uint8_t> inflated;
  };
  std::vector<ZipEntry> entries_;
  std::string_view prefix_;
  std::map<std::string_view, Record> by_name_;
  std::uint64_t values_ = 0;
};

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename Unsigned>
Unsigned load(const std::uint8_t* at, bool swap) {
  Unsigned bits;
  std::memcpy(&bits, at, sizeof bits);
  if (!swap) return bits;
  Unsigned swapped = 0;
  for (std::size_t i = 0; i < sizeof bits; ++i)
    swapped = static_cast<Unsigned>(swapped << 8 | ((bits >> 8 * i) & 0xff));
  return swapped;
}

float load_float(Dtype dtype, const std::uint8_t* at, bool swap) {
  switch (dtype) {
    case Dtype::f64:
      return static_cast<float>(std::bit_cast<double>(load<std::uint64_t>(at, swap)));
    case Dtype::f32:
      return std::bit_cast<float>(load<std::uint32_t>(at, swap));
    case Dtype::f16:
      return float_from_half(load<std::uint16_t>(at, swap));
    default:
      return float_of_bf16(load<std::uint16_t>(at, swap));
  }
}

std::int64_t load_integer(Dtype dtype, const std::uint8_t* at, bool swap) {
  switch (dtype) {
    case Dtype::i64:
      return static_cast<std::int64_t>(load<std::uint64_t>(at, swap));
    case Dtype::i32:
      return static_cast<std::int32_t>(load<std::uint32_t>(at, swap));
    case Dtype::i16:
      return static_cast<std::int16_t>(load<std::uint16_t>(at, swap));
    case Dtype::i8:
      return static_cast<std::int8_t>(*at);
    case Dtype::boolean:
      return *at != 0;
    default:
      return *at;
  }
}

bool is_float(Dtype dtype) {
  return dtype == Dtype::f64 || dtype == Dtype::f32 || dtype == Dtype::f16 || dtype == Dtype::bf16;
}

/// Where the values of a tensor lie in the storage, in elements.
struct View {
  std::int64_t offset;
  std::vector<std::int64_t> shape, strides;
};

/// The values of a checked view in C order.
template <typename Value, typename Load>
std::vector<Value> gather(const View& view, std::int64_t count, Load load_element) {
  std::vector<Value> values(static_cast<std::size_t>(count));
  std::vector<std::int64_t> index(view.shape.size(), 0);
  std::int64_t at = view.offset;
  for (Value& value : values) {
    value = load_element(at);
    for (std::size_t d = view.shape.size(); d-- > 0;) {
      if (++index[d] < view.shape[d]) {
        at += view.strides[d];
        break;
      }
      at -= view.strides[d] * (view.shape[d] - 1);  // no stride is taken of which checked_count does not know
      index[d] = 0;
    }
  }
  return values;
}

bool is_contiguous(const View& view) {
  std::int64_t expected = 1;
  for (std::size_t d = view.shape.size(); d-- > 0;) {
    if (view.shape[d] != 1 && view.strides[d] != expected) return false;
    expected *= view.shape[d];
  }
  return true;
}

const PickleObject* dictionary(const PickleValue& value) {
  return is_pickle_call(value, ordered_dict) ? pickle_object(value, Kind::call)
                                             : pickle_object(value, Kind::dict);
}

bool is_tensor(const PickleValue& value) {
  return is_pickle_call(value, rebuild_tensor) || is_pickle_call(value, rebuild_parameter);
}

std::size_t tensors_of(const PickleObject& dict) {
  std::size_t tensors = 0;
  for (std::size_t i = 1; i < dict.items.size(); i += 2) tensors += is_tensor(dict.items[i]);
  return tensors;
}

/// Whether most entries are tensors. One that is none is no reason to take another state_dict in silence: who
/// reads the entry says so.
bool is_like_state_dict(const PickleObject& dict) {
  return 2 * tensors_of(dict) > dict.items.size() / 2;
}

/// The names under which training programs save the weights, beside an optimizer and their own settings.
constexpr std::array usual_names = {std::string_view("state_dict"), std::string_view("model_state_dict"),
                                    std::string_view("model_state"), std::string_view("model")};

/// The state_dict within a dictionary that holds more: the only one there is, or the only one under a usual
/// name. Null where there is none that has more tensors than lie beside it, such as a loss.
const PickleObject* wrapped_state_dict(const PickleObject& dict, int depth = 0) {
  constexpr int max_depth = 2;  // {"model": {"state_dict": ...}}
  const std::size_t beside = tensors_of(dict);
  std::map<std::string_view, const PickleObject*> found;
  for (std::size_t i = 0; i < dict.items.size(); i += 2) {
    const std::string_view* name = std::get_if<std::string_view>(&dict.items[i]);
    const PickleObject* inner = dictionary(dict.items[i + 1]);
    if (name == nullptr || inner == nullptr) continue;
    const bool usual = std::ranges::find(usual_names, *name) != usual_names.end();
    if (!is_like_state_dict(*inner))
      inner = usual && depth < max_depth ? wrapped_state_dict(*inner, depth + 1) : nullptr;
    if (inner != nullptr && tensors_of(*inner) > beside) found.emplace(*name, inner);
  }
  if (found.size() > 1) {
    const auto is_unusual = [](const auto& entry) {
      return std::ranges::find(usual_names, entry.first) == usual_names.end();
    };
    std::vector<std::string> names;
    for (const auto& [name, inner] : found) names.push_back(in_message(name));
    std::erase_if(found, is_unusual);
    if (found.size() != 1) {
      names.resize(std::min<std::size_t>(names.size(), 5));
      throw Error(
          fmt::format("the file holds several state_dicts ({}): save the one that is meant alone, with "
                      "torch.save(...)",
                      fmt::join(names, ", ")));
    }
  }
  return found.empty() ? nullptr : found.begin()->second;
}

/// Turns the description of a state_dict into one.
class StateReader {
 public:
  StateReader(Records& records, bool big_endian)
      : records_(records),
        swap_(big_endian != (std::endian::native == std::endian::big)),
        values_left_(std::max<std::uint64_t>(records.total_size(), 1 << 20)) {}

  StateDict read(const PickleValue& value) {
    const PickleObject* dict = dictionary(value);
    if (dict == nullptr)
      throw Error(fmt::format("the file holds something else than a state_dict: {}", advice));
    if (const PickleObject* wrapped = wrapped_state_dict(*dict)) dict = wrapped;
    StateDict state;
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < dict->items.size(); i += 2) {
      const std::string_view* name = std::get_if<std::string_view>(&dict->items[i]);
      if (name == nullptr)
        throw Error(fmt::format("the file holds a dictionary, but no state_dict: {}", advice));
      name_ = in_message(*name);
      if (!names.insert(*name).second)
        throw Error(fmt::format("'{}' stands twice in the state_dict: it is refused", name_));
      state.push_back(tensor(*name, dict->items[i + 1]));
    }
    return state;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(fmt::format("tensor '{}' {}", name_, what));
  }

  Tensor tensor(std::string_view name, PickleValue value) {
    if (is_pickle_call(value, rebuild_parameter)) {  // (tensor, requires_grad, hooks)
      const auto* arguments = pickle_tuple(pickle_object(value, Kind::call)->arguments, 3);
      if (arguments == nullptr) fail("is a Parameter without a tensor: the file is damaged");
      value = (*arguments)[0];
    }
    if (!is_pickle_call(value, rebuild_tensor)) {
      throw Error(fmt::format("entry '{}' is no tensor, so the file holds more than a state_dict: {}", name_,
                              advice));
    }
    // (storage, offset, size, stride, requires_grad, backward hooks, and since torch 1.13 perhaps metadata)
    const auto* arguments = pickle_tuple(pickle_object(value, Kind::call)->arguments);
    if (arguments->size() < 6 || arguments->size() > 7)
      fail("is not described as PyTorch does: the file is damaged");
    const Storage storage = this->storage((*arguments)[0]);
    const View view{integer((*arguments)[1]), integers((*arguments)[2]), integers((*arguments)[3])};
    std::int64_t count = 0;
    try {
      count = checked_count(view, storage);
    } catch (const SizeError&) {
      fail("reaches beyond its storage: it is refused");
    }
    Tensor tensor{std::string(name), view.shape, values(storage, view, count)};
    if (arguments->size() == 7 && has_negative_bit((*arguments)[6])) {
      std::visit(
          [](auto& all) {
            for (auto& value : all) value = negated(value);
          },
          tensor.values);
    }
    return tensor;
  }

  /// PyTorch's lazy negation, {'neg': True}: the values are those of the storage with the other sign
  /// (torch/_utils.py, set_tensor_metadata).
  bool has_negative_bit(const PickleValue& metadata) const {
    if (std::holds_alternative<std::monostate>(metadata)) return false;  // None
    const PickleObject* const dict = pickle_object(metadata, Kind::dict);
    if (dict == nullptr) fail("is not described as PyTorch does: the file is damaged");
    bool negative = false;
    for (std::size_t i = 0; i < dict->items.size(); i += 2) {
      const auto* const name = std::get_if<std::string_view>(&dict->items[i]);
      const auto* const value = std::get_if<bool>(&dict->items[i + 1]);
      if (name != nullptr && *name == "neg" && value != nullptr) negative = *value;
    }
    return negative;
  }

  static float negated(float value) { return -value; }
  static std::int64_t negated(std::int64_t value) {  // the smallest integer stays what it is, as in PyTorch
    return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(value));
  }

  /// ('storage', type, key, device, number of values)
  Storage storage(const PickleValue& value) {
    const PickleObject* reference = pickle_object(value, Kind::persistent);
    const auto* id = reference == nullptr ? nullptr : pickle_tuple(reference->arguments, 5);
    if (id == nullptr) fail("has no storage: the file is damaged");
    const std::string_view* tag = std::get_if<std::string_view>(&(*id)[0]);
    const PickleObject* global = pickle_object((*id)[1], Kind::global);
    const std::string_view* key = std::get_if<std::string_view>(&(*id)[2]);
    const auto type = std::find_if(storage_types.begin(), storage_types.end(), [&](const StorageType& known) {
      return global != nullptr && known.global == global->global;
    });
    if (tag == nullptr || *tag != "storage" || key == nullptr || type == storage_types.end()) {
      fail("has no storage of a known type: the file is damaged");
    }
    const auto bytes = records_.get("data/" + std::string(*key));
    const std::int64_t count = integer((*id)[4]);
    if (static_cast<std::uint64_t>(count) != bytes.size() / type->size || bytes.size() % type->size != 0) {
      fail(
          fmt::format("has a storage that lies about its size: {} values of {} bytes, but {} bytes are there",
                      count, type->size, bytes.size()));
    }
    return {&*type, bytes};
  }

  std::int64_t integer(const PickleValue& value) const {
    const std::int64_t* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < 0)
      fail("has a size, stride or offset that is negative or not a number: it is refused");
    return *number;
  }

  std::vector<std::int64_t> integers(const PickleValue& value) const {
    const auto* tuple = pickle_tuple(value);
    if (tuple == nullptr || tuple->size() > max_dimensions) fail("has no proper shape: the file is damaged");
    std::vector<std::int64_t> numbers;
    for (const PickleValue& item : *tuple) numbers.push_back(integer(item));
    return numbers;
  }

  /// The number of values, once all of them are known to lie within the storage and memory for them is due.
  std::int64_t checked_count(const View& view, const Storage& storage) {
    if (view.shape.size() != view.strides.size())
      fail("has more dimensions than strides: the file is damaged");
    const auto limit = static_cast<std::int64_t>(
        std::min<std::uint64_t>(values_left_, std::numeric_limits<std::int64_t>::max()));
    if (limit == 0) fail("has more values than the file can hold: it is refused");
    std::int64_t count = 1;  // as if no dimension were empty: not even then may the shape overflow
    for (const std::int64_t size : view.shape) {
      if (size > limit / count) fail("has more values than the file can hold: it is refused");
      count *= std::max<std::int64_t>(size, 1);
    }
    if (std::find(view.shape.begin(), view.shape.end(), 0) != view.shape.end()) return 0;
    // A stride of a dimension of one may be anything: it is never taken.
    std::uint64_t last = unsigned_size(view.offset);
    for (std::size_t d = 0; d < view.shape.size(); ++d)
      last = checked_sum(last, checked_product(view.shape[d] - 1, view.strides[d]));
    if (last >= unsigned_size(storage.count())) fail("reaches beyond its storage: it is refused");
    values_left_ -= static_cast<std::uint64_t>(count);
    return count;
  }

  decltype(Tensor::values) values(const Storage& storage, const View& view, std::int64_t count) const {
    const Dtype dtype = storage.type->dtype;
    const std::size_t size = storage.type->size;
    const std::uint8_t* bytes = storage.bytes.data();
    if (!is_float(dtype)) {
      return gather<std::int64_t>(view, count, [&](std::int64_t i) {
        return load_integer(dtype, bytes + static_cast<std::size_t>(i) * size, swap_);
      });
    }
    if (dtype == Dtype::f32 && !swap_ && is_contiguous(view) && count > 0) {
      std::vector<float> floats;
      floats.reserve(static_cast<std::size_t>(count));
      prefer_huge_pages(floats.data(), floats.capacity() * size);
      const std::uint8_t* const first = bytes + static_cast<std::size_t>(view.offset) * size;
      if (reinterpret_cast<std::uintptr_t>(first) % alignof(float) == 0) {
        // In place of zeros that are overwritten: a large model is written once.
        const auto* const from = reinterpret_cast<const float*>(first);
        floats.assign(from, from + count);
      } else {
        floats.resize(static_cast<std::size_t>(count));
        std::memcpy(floats.data(), first, floats.size() * size);
      }
      return floats;
    }
    return gather<float>(view, count, [&](std::int64_t i) {
      return load_float(dtype, bytes + static_cast<std::size_t>(i) * size, swap_);
    });
  }

  Records& records_;
  bool swap_;
  std::uint64_t
      values_left_;  // views may repeat values; a file has no use for more of them than it has bytes
  std::string name_;
};

StateDict read_state(Records& records) {
  if (records.has("constants.pkl"))
    throw Error(fmt::format("a TorchScript program, not a state_dict: {}", advice));
  bool big_endian = false;
  if (records.has("byteorder")) {
    const std::string_view order = text_of(records.get("byteorder"));
    if (order != "little" && order != "big")
      throw Error(fmt::format("unknown byte order '{}'", in_message(order)));
    big_endian = order == "big";
  }
  Pickle pickle(records.get("data.pkl"), state_dict_globals, "a state_dict", advice);
  return StateReader(records, big_endian).read(pickle.read());
}

}  // namespace

void check_begins_as_pth(std::span<const std::uint8_t> file) {
  const auto starts_with = [&](std::size_t at, std::string_view text) {
    return file.size() >= at + text.size() && std::memcmp(file.data() + at, text.data(), text.size()) == 0;
  };
  // torch.save before 1.6 began with its magic number 0x1950a86a20f9469cfc6c, as a pickle.
  using namespace std::string_view_literals;
  if (starts_with(2, "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv)) {
    throw Error(
        "a .pth in PyTorch's legacy format: load it with torch.load and save it again with torch.save of 1.6 "
        "or later");
  }
  if (file.empty()) throw Error("the file is empty");
  if (!starts_with(0, "PK\x03\x04"sv))
    throw Error("no PyTorch model: torch.save writes a zip archive, and this is none");
}

StateDict decode_pth(std::span<const std::uint8_t> file) {
  check_begins_as_pth(file);
  Records records(file);
  return read_state(records);
}

PthModel decode_pth_model(std::span<const std::uint8_t> file) {
  check_begins_as_pth(file);
  Records records(file);
  PthModel model{read_state(records), std::nullopt};
  if (records.has(pth_metadata_record))
    model.metadata = decode_model_metadata(text_of(records.get(pth_metadata_record)));
  return model;
}

}  // namespace bart
