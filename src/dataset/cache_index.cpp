#include "cache_index.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "bart/platform/error.h"
#include "bart/platform/fuzzing.h"
#include "bart/platform/hash.h"

namespace bart {
namespace {

// "BARTPIX1", the XXH3 of all that follows, then the fields in the order of encode_cache_index(). Numbers
// have this machine's byte order: on a machine with another one the checksum is wrong, and the cache is not
// used.
constexpr std::string_view magic = "BARTPIX1";
constexpr std::size_t head = 16;
constexpr std::size_t least_picture = 2 + 2 + 8 + 8 + 8 + 4 + 4 + 4 + 1;

template <typename Number>
void put(std::vector<std::uint8_t>& bytes, Number number) {
  const std::size_t end = bytes.size();
  bytes.resize(end + sizeof number);
  std::memcpy(bytes.data() + end, &number, sizeof number);
}

void put_text(std::vector<std::uint8_t>& bytes, std::string_view text) {
  text = text.substr(0, 0xFFFF);
  put(bytes, static_cast<std::uint16_t>(text.size()));
  bytes.insert(bytes.end(), text.begin(), text.end());
}

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <typename Number>
  Number get() {
    static_assert(std::is_arithmetic_v<Number>);
    Number number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }
  std::string text() {
    const std::span<const std::uint8_t> taken = take(get<std::uint16_t>());
    return {taken.begin(), taken.end()};
  }
  std::size_t left() const { return bytes_.size(); }

 private:
  std::span<const std::uint8_t> take(std::size_t count) {
    if (count > bytes_.size()) throw Error("it ends too soon");
    const std::span<const std::uint8_t> taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::span<const std::uint8_t> bytes_;
};

}  // namespace

std::vector<std::uint8_t> encode_cache_index(const CacheIndex& index) {
  std::vector<std::uint8_t> bytes(magic.begin(), magic.end());
  put(bytes, std::uint64_t{0});
  put_text(bytes, index.made_with);
  put(bytes, index.slots);
  put(bytes, static_cast<std::uint32_t>(index.pictures.size()));
  for (const auto& [file, record] : index.pictures) {
    put_text(bytes, file);
    put_text(bytes, record.text);
    put(bytes, record.bytes);
    put(bytes, record.modified);
    put(bytes, record.hash);
    put(bytes, record.slot);
    put(bytes, record.height);
    put(bytes, record.width);
    put(bytes, static_cast<std::uint8_t>(record.broken));
  }
  const std::uint64_t sum = hash_of(std::span(bytes).subspan(head));
  std::memcpy(bytes.data() + magic.size(), &sum, sizeof sum);
  return bytes;
}

CacheIndex decode_cache_index(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < head || !std::equal(magic.begin(), magic.end(), bytes.begin())) {
    throw Error("it is not a table of contents of pixels");
  }
  Reader reader(bytes.subspan(magic.size()));
  const auto sum = reader.get<std::uint64_t>();
  if (sum != hash_of(bytes.subspan(head)) && !built_for_fuzzing) throw Error("its checksum is wrong");
  CacheIndex index{.made_with = reader.text(), .slots = reader.get<std::uint32_t>()};
  const auto count = reader.get<std::uint32_t>();
  if (count > reader.left() / least_picture) throw Error("it ends too soon");
  index.pictures.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    CachedPicture picture{reader.text(), {}};
    PictureRecord& record = picture.record;
    record.text = reader.text();
    record.bytes = reader.get<std::uint64_t>();
    record.modified = reader.get<std::int64_t>();
    record.hash = reader.get<std::uint64_t>();
    record.slot = reader.get<std::uint32_t>();
    record.height = reader.get<std::int32_t>();
    record.width = reader.get<std::int32_t>();
    record.broken = reader.get<std::uint8_t>() != 0;
    if (!record.broken && record.slot >= index.slots) throw Error("it names a slot that does not exist");
    if (!index.pictures.empty() && picture.file <= index.pictures.back().file) {
      throw Error("its files are not in order");
    }
    index.pictures.push_back(std::move(picture));
  }
  if (reader.left() > 0) throw Error("it has more bytes than it should");
  return index;
}

}  // namespace bart
