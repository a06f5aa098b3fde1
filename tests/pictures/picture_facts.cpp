// picture_facts FOLDER prints one line per file in the folder for compare_with_pillow.py: name, width, height
// and CRC-32 of the pixels as stored; or the name, "error" and the reason.
#include <gtest/gtest.h>

#include <exception>

#include "bart/pictures/decode.h"
#include "bart/platform/files.h"
#include "pictures/picture_files.h"

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: picture_facts FOLDER\n");
    return 2;
  }
  for (const auto& path : bart::test::files_in(argv[1])) {
    const std::string name = path.filename().string();
    try {
      const bart::Picture picture =
          bart::decode_picture(bart::read_file(path), {.apply_exif_orientation = false}).picture;
      std::printf("%s\t%d\t%d\t%s\n", name.c_str(), picture.width, picture.height,
                  bart::test::crc_of(picture.pixels).c_str());
    } catch (const bart::PictureError& error) {
      std::printf("%s\terror\t%s\n", name.c_str(), error.what());
    }
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
