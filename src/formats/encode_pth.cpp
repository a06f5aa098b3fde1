// The same bytes as torch.save of PyTorch 2.13 writes: a zip archive of stored records (PyTorchStreamWriter
// on miniz) with a pickle of protocol 2 (Python's pickle module) in the first.
#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_set>

#include "bart/formats/pth.h"
#include "bart/network/architecture.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t alignment = 64;  // of every record's content, in bytes
constexpr std::uint64_t max_32 = 0xffffffffu;

void append(Bytes& bytes, std::span<const std::uint8_t> content) {
  const std::size_t end = bytes.size();
  bytes.resize(end + content.size());
  std::copy(content.begin(), content.end(), bytes.begin() + static_cast<std::ptrdiff_t>(end));
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void append(Bytes& bytes, std::string_view text) {
  append(bytes, bytes_of(text));
}

void append_integer(Bytes& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

/// Boost's way of hashing several values into one, as PyTorch takes it.
std::uint64_t hash_combine(std::uint64_t seed, std::uint64_t value) {
  return seed ^ (value + 0x9e3779b9 + (seed << 6) + (seed >> 2));
}

/// A zip archive as PyTorch writes it: no dates, CRC and sizes after each content, an end in zip64.
class Archive {
 public:
  Archive(std::string_view name, std::size_t expected_size) : prefix_(fmt::format("{}/", name)) {
    bytes_.reserve(expected_size);
  }

  void add(std::string_view name, std::span<const std::uint8_t> content) {
    const std::string full = prefix_ + std::string(name);
    const std::uint64_t offset = bytes_.size(), size = content.size();
    if (size >= max_32 || offset >= max_32) throw Error("a .pth of more than 4 GB is not written");
    const std::uint32_t crc = libdeflate_crc32(0, content.data(), content.size());

    append_integer(bytes_, 0x04034b50, 4);
    append_integer(bytes_, 0, 2);  // version
    append_integer(bytes_, flags, 2);
    bytes_.resize(bytes_.size() + 18);  // stored; no date; CRC and sizes follow the content
    append_integer(bytes_, full.size(), 2);
    const std::uint64_t padding = (alignment - (bytes_.size() + 2 + full.size() + 4) % alignment) % alignment;
    append_integer(bytes_, padding + 4, 2);
    append(bytes_, full);
    append(bytes_, "FB");  // an extra field whose only purpose is to align the content
    append_integer(bytes_, padding, 2);
    bytes_.resize(bytes_.size() + padding, 'Z');
    append(bytes_, content);
    append_integer(bytes_, 0x08074b50, 4);
    append_integer(bytes_, crc, 4);
    append_integer(bytes_, size, 4);
    append_integer(bytes_, size, 4);

    append_integer(directory_, 0x02014b50, 4);
    append_integer(directory_, 0, 4);  // versions
    append_integer(directory_, flags, 2);
    append_integer(directory_, 0, 6);  // stored; no date
    append_integer(directory_, crc, 4);
    append_integer(directory_, size, 4);
    append_integer(directory_, size, 4);
    append_integer(directory_, full.size(), 2);
    append_integer(directory_, 0, 8);
    append_integer(directory_, 0, 4);
    append_integer(directory_, offset, 4);
    append(directory_, full);

    ++records_;
    names_.emplace(name);
    crcs_ = hash_combine(crcs_, crc);
  }
  void add(std::string_view name, std::string_view content) { add(name, bytes_of(content)); }

  Bytes finish() {
    add(".data/serialization_id", serialization_id());
    const std::uint64_t offset = bytes_.size(), size = directory_.size();
    append(bytes_, directory_);
    const std::uint64_t end = bytes_.size();
    append_integer(bytes_, 0x06064b50, 4);
    append_integer(bytes_, 44, 8);
    append_integer(bytes_, 0x031e, 2);
    append_integer(bytes_, 45, 2);
    append_integer(bytes_, 0, 8);
    append_integer(bytes_, records_, 8);
    append_integer(bytes_, records_, 8);
    append_integer(bytes_, size, 8);
    append_integer(bytes_, offset, 8);
    append_integer(bytes_, 0x07064b50, 4);
    append_integer(bytes_, 0, 4);
    append_integer(bytes_, end, 8);
    append_integer(bytes_, 1, 4);
    append_integer(bytes_, 0x06054b50, 4);
    append_integer(bytes_, 0, 4);
    append_integer(bytes_, records_, 2);
    append_integer(bytes_, records_, 2);
    append_integer(bytes_, size, 4);
    append_integer(bytes_, offset, 4);
    append_integer(bytes_, 0, 2);
    return std::move(bytes_);
  }

 private:
  static constexpr std::uint64_t flags = 0x0808;  // sizes after the content; names in UTF-8

  /// PyTorch's fingerprint of the records. It walks a std::unordered_set, so its order is that of libstdc++,
  /// which PyTorch's packages are built with. Nothing reads it.
  std::string serialization_id() const {
    std::uint64_t names = 0;
    for (const std::string& name : names_) names = hash_combine(names, std::hash<std::string>{}(name));
    return fmt::format("{:020}{:020}", names, crcs_);
  }

  std::string prefix_;
  Bytes bytes_, directory_;
  std::uint64_t records_ = 0, crcs_ = 0;
  std::unordered_set<std::string> names_;
};

/// Writes a pickle as Python's pickle module does: every object but numbers is put into the memo, and fetched
/// from there the second time.
class PickleWriter {
 public:
  PickleWriter() { append(bytes_, std::string_view("\x80\x02")); }
  void op(char code) { bytes_.push_back(static_cast<std::uint8_t>(code)); }
  void empty_tuple() { op(')'); }
  std::uint64_t put() {
    indexed('q', 'r', next_);
    return next_++;
  }
  void get(std::uint64_t index) { indexed('h', 'j', index); }
  void text(std::string_view value) {
    op('X');
    append_integer(bytes_, value.size(), 4);
    append(bytes_, value);
    put();
  }
  void integer(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    if (bits <= 0xff) {
      op('K');
      append_integer(bytes_, bits, 1);
    } else if (bits <= 0xffff) {
      op('M');
      append_integer(bytes_, bits, 2);
    } else if (bits <= 0x7fffffff) {
      op('J');
      append_integer(bytes_, bits, 4);
    } else {
      throw Error("a tensor of more than 2^31 values is not written to a .pth");
    }
  }
  void tuple(const std::vector<std::int64_t>& values) {
    if (values.empty()) return empty_tuple();
    if (values.size() > 3) op('(');
    for (const std::int64_t value : values) integer(value);
    if (values.size() > 3) {
      op('t');
    } else {
      bytes_.push_back(static_cast<std::uint8_t>(0x84 + values.size()));
    }
    put();
  }
  /// Text or a class that is needed repeatedly: written the first time, and fetched from the memo later.
  /// `known` keeps the place in the memo.
  template <typename Write>
  void once(std::uint64_t& known, Write write) {
    if (known != unknown) return get(known);
    write();
    known = next_ - 1;
  }
  void global(std::string_view module, std::string_view name) {
    op('c');
    append(bytes_, fmt::format("{}\n{}\n", module, name));
    put();
  }
  Bytes finish() {
    op('.');
    return std::move(bytes_);
  }

  static constexpr std::uint64_t unknown = ~std::uint64_t{0};

 private:
  void indexed(char narrow, char wide, std::uint64_t index) {
    op(index < 256 ? narrow : wide);
    append_integer(bytes_, index, index < 256 ? 1 : 4);
  }
  Bytes bytes_;
  std::uint64_t next_ = 0;
};

/// Python writes a dictionary's items in batches of a thousand.
template <typename Item>
void write_items(PickleWriter& pickle, std::size_t count, Item item) {
  constexpr std::size_t batch = 1000;
  for (std::size_t done = 0; done < count; done += batch) {
    const std::size_t end = std::min(done + batch, count);
    if (end - done > 1) pickle.op('(');
    for (std::size_t i = done; i < end; ++i) item(i);
    pickle.op(end - done > 1 ? 'u' : 's');
  }
}

/// The modules of the network in the order of PyTorch's Module.modules(), with the version each writes into a
/// state_dict: 2 for BatchNorm, which has had num_batches_tracked since, 1 for all others.
std::vector<std::pair<std::string, int>> modules_of(const StateDict& state) {
  std::vector<std::pair<std::string, int>> modules = {{"", 1}};
  std::string parent;
  for (const Layer& layer : layers_of(architecture_of(state))) {
    const std::string name = layer.name.substr(0, layer.name.find('.'));
    if (name != parent) modules.emplace_back(name, 1);
    parent = name;
    modules.emplace_back(layer.name, layer.kind == LayerKind::batch_norm ? 2 : 1);
  }
  return modules;
}

class StatePickle {
 public:
  Bytes write(const StateDict& state) {
    new_ordered_dict();
    write_items(pickle_, state.size(), [&](std::size_t i) { write_tensor(state[i], i); });
    pickle_.op('}');  // the attributes of the OrderedDict: {'_metadata': OrderedDict(…)}
    pickle_.put();
    pickle_.text("_metadata");
    new_ordered_dict();
    const auto modules = modules_of(state);
    write_items(pickle_, modules.size(), [&](std::size_t i) {
      pickle_.text(modules[i].first);
      pickle_.op('}');
      pickle_.put();
      pickle_.once(version_, [&] { pickle_.text("version"); });
      pickle_.integer(modules[i].second);
      pickle_.op('s');
    });
    pickle_.op('s');
    pickle_.op('b');
    return pickle_.finish();
  }

 private:
  void new_ordered_dict() {
    pickle_.once(ordered_dict_, [&] { pickle_.global("collections", "OrderedDict"); });
    pickle_.empty_tuple();
    pickle_.op('R');
    pickle_.put();
  }

  /// _rebuild_tensor_v2(('storage', type, key, 'cpu', values), offset, shape, strides, requires_grad, hooks)
  void write_tensor(const Tensor& tensor, std::size_t key) {
    const bool floats = std::holds_alternative<std::vector<float>>(tensor.values);
    const std::int64_t count = element_count(tensor.shape);
    pickle_.text(tensor.name);
    pickle_.once(rebuild_, [&] { pickle_.global("torch._utils", "_rebuild_tensor_v2"); });
    pickle_.op('(');
    pickle_.op('(');
    pickle_.once(storage_, [&] { pickle_.text("storage"); });
    if (floats) {
      pickle_.once(float_storage_, [&] { pickle_.global("torch", "FloatStorage"); });
    } else {
      pickle_.once(long_storage_, [&] { pickle_.global("torch", "LongStorage"); });
    }
    pickle_.text(std::to_string(key));
    pickle_.once(cpu_, [&] { pickle_.text("cpu"); });
    pickle_.integer(count);
    pickle_.op('t');
    pickle_.put();
    pickle_.op('Q');
    pickle_.integer(0);
    pickle_.tuple(tensor.shape);
    std::vector<std::int64_t> strides(tensor.shape.size());
    std::int64_t stride = 1;
    for (std::size_t d = strides.size(); d-- > 0; stride *= tensor.shape[d]) strides[d] = stride;
    pickle_.tuple(strides);
    pickle_.op('\x89');
    new_ordered_dict();
    pickle_.op('t');
    pickle_.put();
    pickle_.op('R');
    pickle_.put();
  }

  PickleWriter pickle_;
  std::uint64_t ordered_dict_ = PickleWriter::unknown, rebuild_ = PickleWriter::unknown,
                storage_ = PickleWriter::unknown, float_storage_ = PickleWriter::unknown,
                long_storage_ = PickleWriter::unknown, cpu_ = PickleWriter::unknown,
                version_ = PickleWriter::unknown;
};

/// The archive with PyTorch's records of the state; more may follow before it is finished.
Archive archive_of(const StateDict& state, std::string_view archive_name) {
  std::size_t size = 1 << 16;
  for (const Tensor& tensor : state)
    size += 1024 + 8 * tensor.shape.size() + 4 * static_cast<std::size_t>(element_count(tensor.shape));
  Archive archive(archive_name, size);
  archive.add("data.pkl", StatePickle().write(state));
  archive.add(".format_version", "1");
  archive.add(".storage_alignment", "64");
  archive.add("byteorder", "little");
  for (std::size_t i = 0; i < state.size(); ++i) {
    std::visit(
        [&](const auto& values) {
          archive.add(fmt::format("data/{}", i),
                      std::span(reinterpret_cast<const std::uint8_t*>(values.data()),
                                values.size() * sizeof values[0]));
        },
        state[i].values);
  }
  archive.add("version", "3\n");
  return archive;
}

}  // namespace

namespace {

void check_archive_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.find('/') != std::string_view::npos)
    throw Error("the folder of an archive's records needs a name of 1 to 255 bytes without a slash");
}

}  // namespace

std::vector<std::uint8_t> encode_pth(const StateDict& state, std::string_view archive_name) {
  check_archive_name(archive_name);
  return archive_of(state, archive_name).finish();
}

std::vector<std::uint8_t> encode_pth(const StateDict& state, const ModelMetadata& metadata,
                                     std::string_view archive_name) {
  const Architecture architecture = architecture_of(state);
  if (metadata.classes.size() != static_cast<std::size_t>(architecture.classes) ||
      metadata.image_size != architecture.image_size) {
    throw Error(fmt::format(
        "the metadata name {} classes and pictures of {} pixels, but the network has {} classes and pictures "
        "of {}",
        metadata.classes.size(), metadata.image_size, architecture.classes, architecture.image_size));
  }
  Archive archive = archive_of(state, archive_name);
  archive.add(pth_metadata_record, encode_model_metadata(metadata));
  return archive.finish();
}

}  // namespace bart
