#include "bart/dataset/files_fingerprint.h"

#include <system_error>
#include <vector>

#include "bart/platform/hash.h"
#include "bart/platform/packed.h"
#include "bart/platform/share_out.h"
#include "bart/platform/threads.h"

namespace bart {

std::uint64_t fingerprint_of(std::span<const std::filesystem::path> files, int threads) {
  std::vector<std::uint64_t> sizes(files.size());
  parallel_for(files.size(), threads, [&](std::size_t i) {
    std::error_code missing;  // the size is then the largest number
    sizes[i] = std::filesystem::file_size(files[i], missing);
  });
  Packed all;
  all.add_all(std::span<const std::uint64_t>(sizes));
  for (const std::filesystem::path& file : files) all.add_text(file.native());
  return hash_of(all.take());
}

std::uint64_t fingerprint_of(const Listing& listing, int threads) {
  std::vector<std::filesystem::path> files;
  Packed all;
  for (const std::string& name : listing.classes) all.add_text(name);
  for (const ListedPicture& picture : listing.pictures) {
    files.push_back(listing.folder / picture.file);
    all.add(picture.label);
    all.add(picture.part);
  }
  return hash_of(all.take(), fingerprint_of(files, threads));
}

void check_same_files(Group& group, std::uint64_t fingerprint) {
  check_same(group, fingerprint, "this process has other pictures than process 0, by their names and sizes");
}

}  // namespace bart
