#include "bart/dataset/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <system_error>

#include "bart/platform/error.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

bool is_skipped(const std::string& name) {
  return name.starts_with('.') || name == "simpsons_dataset";
}

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
    };
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length == 0) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xC0u) != 0x80u) return false;
    }
    // Overlong forms, surrogates and what lies beyond U+10FFFF (RFC 3629).
    const unsigned second = byte(i + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += length;
  }
  return true;
}

/// What the entry is, or leads to; not_found for a link that leads nowhere. The folder mostly tells files and
/// folders itself, as is_…() knows and status() does not: it asks for every single one.
fs::file_type type_of(const fs::directory_entry& entry) {
  std::error_code no_status;
  if (entry.is_regular_file(no_status)) return fs::file_type::regular;
  if (entry.is_directory(no_status)) return fs::file_type::directory;
  return entry.status(no_status).type();
}

/// Names in `folder` that `wanted` takes, in the order of Python's sorted(): bytes of UTF-8 sort like code
/// points.
template <class Wanted>
std::vector<std::string> sorted_names(const fs::path& folder, Wanted wanted) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (is_skipped(name)) continue;
    if (wanted(type_of(*entry))) names.push_back(std::move(name));
  }
  if (error) throw Error(fmt::format("cannot read the folder {}: {}", folder.string(), error.message()));
  std::ranges::sort(names);
  return names;
}

/// A link that leads nowhere is listed too: reading it gives the reason.
bool is_picture_file(fs::file_type type) {
  return type == fs::file_type::regular || type == fs::file_type::not_found || type == fs::file_type::none;
}

}  // namespace

Listing list_folder(const fs::path& folder, std::size_t fewest_classes) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    throw Error(
        fmt::format("the data folder {} does not exist: name a folder that holds one folder of pictures "
                    "for each class",
                    folder.string()));
  }
  if (error) throw Error(fmt::format("cannot read the folder {}: {}", folder.string(), error.message()));
  if (!fs::is_directory(status)) {
    throw Error(
        fmt::format("{} is not a folder: name a folder that holds one folder of pictures for each class",
                    folder.string()));
  }

  Listing listing{
      folder, sorted_names(folder, [](fs::file_type type) { return type == fs::file_type::directory; }), {}};
  if (listing.classes.empty()) {
    throw Error(
        fmt::format("the data folder {} holds no class folder: it must hold one folder of pictures for "
                    "each class",
                    folder.string()));
  }
  if (listing.classes.size() < fewest_classes) {
    throw Error(
        fmt::format("the data folder {} holds a single class folder, {}: at least {} classes are needed",
                    folder.string(), listing.classes[0], fewest_classes));
  }
  for (std::size_t label = 0; label < listing.classes.size(); ++label) {
    const std::string& name = listing.classes[label];
    if (!is_utf8(name)) {
      throw Error(fmt::format("the name of the class folder {} is not valid UTF-8: rename it",
                              (folder / name).string()));
    }
    const std::vector<std::string> files = sorted_names(folder / name, is_picture_file);
    if (files.empty()) {
      throw Error(fmt::format("the class folder {} holds no picture: add some, or remove the folder",
                              (folder / name).string()));
    }
    for (const std::string& file : files) {
      listing.pictures.push_back({name + "/" + file, static_cast<std::int32_t>(label)});
    }
  }
  if (listing.pictures.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(fmt::format("the data folder {} holds {} pictures: at most 2^32 - 1 can be used",
                            folder.string(), listing.pictures.size()));
  }
  return listing;
}

}  // namespace bart
