#pragma once

#include <string>
#include <vector>

#include "bart/pictures/encode_jpeg.h"
#include "drawn_pictures.h"
#include "scratch_folder.h"

namespace bart::test {

inline std::string jpeg_text(const Picture& picture, int quality = 90) {
  const std::vector<std::uint8_t> bytes = encode_jpeg(picture, quality);
  return {bytes.begin(), bytes.end()};
}

/// Two classes of six scenes each, and among them: a copy, the same pixels in another file, a near duplicate
/// in the other class, a grey picture, and two files that are not pictures.
inline void plant_data_set(const ScratchFolder& folder) {
  for (std::uint32_t k = 1; k <= 6; ++k) {
    folder.write("apple/" + std::to_string(k) + ".jpg", jpeg_text(drawn_scene(k)));
    folder.write("banana/" + std::to_string(k) + ".jpg", jpeg_text(drawn_scene(10 + k, 200, 300)));
  }
  folder.write("apple/copy.jpg", jpeg_text(drawn_scene(1)));
  folder.write("apple/comment.jpg",
               jpeg_text(drawn_scene(2)).insert(2, std::string("\xFF\xFE\x00\x04hi", 6)));  // a COM segment
  folder.write("banana/near.jpg", jpeg_text(drawn_scene(3, 256, 200, 20, 1.02), 40));
  std::string grey = "P5\n40 30\n255\n";
  for (int i = 0; i < 40 * 30; ++i) grey += static_cast<char>(i % 40 * 6);
  folder.write("banana/grey.pgm", grey);
  folder.write("banana/broken.jpg", jpeg_text(drawn_scene(4)).substr(0, 300));
  folder.write("banana/text<b>.jpg", "no picture");
}

}  // namespace bart::test
