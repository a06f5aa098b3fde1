// The input is the pickle of a .pth, in a correct archive with two storages, so that no mutation is wasted on
// the zip around it.
#include <zlib.h>

#include <string_view>
#include <vector>

#include "bart/formats/pth.h"
#include "bart/platform/error.h"
#include "tensors.h"

namespace {

/// A zip archive of stored records (PKWARE's APPNOTE.TXT, 4.3.7, 4.3.12, 4.3.16).
class Archive {
 public:
  void add(std::string_view name, std::span<const std::uint8_t> content) {
    const auto size = static_cast<std::uint32_t>(content.size());
    const auto crc = static_cast<std::uint32_t>(crc32_z(0, content.data(), content.size()));
    const auto offset = static_cast<std::uint32_t>(bytes_.size());
    put(bytes_, 0x04034b50, 4);
    put_common(bytes_, crc, size, name);
    put_text(bytes_, name);
    bytes_.insert(bytes_.end(), content.begin(), content.end());

    put(directory_, 0x02014b50, 4);
    put(directory_, 20, 2);
    put_common(directory_, crc, size, name);
    put(directory_, 0, 10);  // comment, disk, attributes
    put(directory_, offset, 4);
    put_text(directory_, name);
    ++entries_;
  }

  std::vector<std::uint8_t> finished() {
    const auto offset = static_cast<std::uint32_t>(bytes_.size());
    bytes_.insert(bytes_.end(), directory_.begin(), directory_.end());
    put(bytes_, 0x06054b50, 4);
    put(bytes_, 0, 4);
    put(bytes_, entries_, 2);
    put(bytes_, entries_, 2);
    put(bytes_, static_cast<std::uint32_t>(directory_.size()), 4);
    put(bytes_, offset, 4);
    put(bytes_, 0, 2);
    return std::move(bytes_);
  }

 private:
  using Bytes = std::vector<std::uint8_t>;

  static void put(Bytes& bytes, std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(i < 8 ? value >> 8 * i : 0));
  }
  static void put_text(Bytes& bytes, std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  static void put_common(Bytes& bytes, std::uint32_t crc, std::uint32_t size, std::string_view name) {
    put(bytes, 20, 2);  // version
    put(bytes, 0, 8);   // flags, method, time, date
    put(bytes, crc, 4);
    put(bytes, size, 4);
    put(bytes, size, 4);
    put(bytes, name.size(), 2);
    put(bytes, 0, 2);  // extra
  }

  Bytes bytes_, directory_;
  std::uint16_t entries_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint8_t storage[64] = {1, 2, 3, 0x40};
  Archive archive;
  archive.add("m/data.pkl", {data, size});
  archive.add("m/data/0", storage);
  archive.add("m/data/1", std::span(storage).first(8));
  try {
    require_whole(bart::decode_pth(archive.finished()));
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
