#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <string_view>
#include <thread>

#include "bart/pictures/decode.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/pictures/encode_png.h"
#include "bart/pictures/perceptual_hash.h"
#include "bart/pictures/resize.h"
#include "pictures/mutated.h"
#include "pictures/picture_files.h"
#include "pictures/tiff_file.h"

// Damaged files must give a picture or a PictureError, nothing else. Crashes and overruns are found by the
// sanitizers, so this test matters in a build with them.
namespace bart {
namespace {

// Decodes `rounds` mutations of each file. Those that state a large picture are left out: they take long and
// exercise nothing that the small ones do not.
void decode_mutations(const std::vector<std::filesystem::path>& paths, int rounds) {
  std::mt19937 generator(10);
  std::vector<test::FileBytes> files;
  for (const auto& path : paths) files.push_back(test::bytes_of(path));
  int pictures = 0, refused = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (int round = 0; round < rounds; ++round) {
      const test::FileBytes file = test::mutated(files[i], files[generator() % files.size()], generator);
      try {
        const DecodedPicture decoded = decode_picture(file);
        ASSERT_EQ(decoded.picture.pixels.size(),
                  std::size_t(decoded.width) * std::size_t(decoded.height) * 3);
        ++pictures;
      } catch (const PictureError& e) {
        ASSERT_STRNE(e.what(), "");
        ++refused;
      }
    }
  }
  EXPECT_GT(pictures, 0);
  EXPECT_GT(refused, 0);
}

TEST(HostilePictures, MutationsOfSmallPicturesEndInAPictureOrAReason) {
  decode_mutations(test::files_in(test::small_pictures), 40);
}

TEST(HostilePictures, MutationsOfOddPicturesEndInAPictureOrAReason) {
  if (!std::filesystem::exists(test::odd_pictures)) GTEST_SKIP() << "no " << test::odd_pictures;
  std::vector<std::filesystem::path> paths = test::files_in(test::odd_pictures);
  std::erase_if(paths, [](const auto& path) { return std::filesystem::file_size(path) > 20'000; });
  decode_mutations(paths, 10);
}

TEST(HostilePictures, AStripThatIsStatedAHundredThousandTimesIsReadOnce) {
  constexpr std::uint32_t side = 2048, strips = 200'000;
  test::FileBytes file;
  const auto append = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file.push_back(std::uint8_t(value >> 8 * i));
  };
  const auto entry = [&](std::uint32_t tag, std::uint32_t count, std::uint32_t value) {
    append(tag, 2);
    append(4, 2);  // LONG
    append(count, 4);
    append(value, 4);
  };
  append(0x002a4949, 4);  // little-endian TIFF
  append(8, 4);
  append(5, 2);
  entry(256, 1, side);
  entry(257, 1, side);
  entry(262, 1, 1);        // gray, of 1 bit where nothing else is said
  entry(273, strips, 74);  // the offsets, two places by turns
  entry(278, 1, side - 1);
  append(0, 4);
  for (std::uint32_t i = 0; i < strips; ++i) append(74 + 4 * strips, 4);
  file.resize(file.size() + side * side / 8, 0xff);
  // To decode each would take many minutes.
  const Picture picture = decode_picture(file).picture;
  EXPECT_EQ(picture.pixels, std::vector<std::uint8_t>(std::size_t(side) * side * 3, 255));
}

// Values that are not a size, or whose products wrap around.
constexpr std::uint64_t edge_values[] = {0,
                                         1,
                                         0x7fff,
                                         0xffff,
                                         0x10000,
                                         0x7fffffff,
                                         0x80000000,
                                         0xffffffff,
                                         0x100000000,
                                         std::uint64_t{1} << 59,
                                         std::uint64_t{1} << 60,
                                         std::uint64_t{1} << 61,
                                         std::uint64_t{1} << 62,
                                         0x7fffffffffffffff,
                                         0x8000000000000000,
                                         0xffffffffffffffff};

/// A 16 x 16 RGB picture as a BigTIFF, in tiles of 16 x 16 or in one strip, in which one tag has another
/// value, or two have it.
test::FileBytes bigtiff_with(bool tiled, int compression, std::uint16_t tag, std::uint64_t value,
                             std::uint16_t tag2, std::uint64_t value2) {
  namespace t = test::tiff_tag;
  const test::FileBytes pixels(16 * 16 * 3, 99);
  std::vector<std::pair<std::uint16_t, std::vector<std::uint64_t>>> entries = {
      {t::width, {16}},      {t::height, {16}},
      {t::bits, {8, 8, 8}},  {t::compression, {std::uint64_t(compression)}},
      {t::photometric, {2}}, {t::samples, {3}},
      {t::planes, {1}}};
  const auto offsets = tiled ? t::tile_offsets : t::strip_offsets;
  const auto sizes = tiled ? t::tile_sizes : t::strip_sizes;
  if (tiled) {
    entries.push_back({t::tile_width, {16}});
    entries.push_back({t::tile_height, {16}});
  } else {
    entries.push_back({t::rows_per_strip, {16}});
  }
  entries.push_back({offsets, {0}});
  entries.push_back({sizes, {pixels.size()}});
  for (auto& [name, values] : entries) {
    if (name == tag) values.assign(values.size(), value);
    if (name == tag2) values.assign(values.size(), value2);
  }
  std::ranges::sort(entries);
  const auto built = [&] {
    test::TiffFile tiff(true);
    for (const auto& [name, values] : entries) tiff.add(name, 16, values);
    return tiff;
  };
  const std::size_t at = built().data_offset();
  for (auto& [name, values] : entries)
    if (name == offsets && tag != offsets && tag2 != offsets) values[0] = at;
  return built().with(pixels);
}

TEST(HostilePictures, SizesOfWhichProductsWrapAroundEndInAPictureOrAReason) {
  namespace t = test::tiff_tag;
  constexpr std::uint16_t tags[] = {t::width,          t::height,       t::samples,     t::planes,
                                    t::rows_per_strip, t::tile_width,   t::tile_height, t::strip_offsets,
                                    t::strip_sizes,    t::tile_offsets, t::tile_sizes,  t::bits};
  EXPECT_EQ(decode_picture(bigtiff_with(true, 1, 0, 0, 0, 0)).picture.pixels,
            std::vector<std::uint8_t>(16 * 16 * 3, 99));
  int refused = 0;
  for (const bool tiled : {false, true})
    for (const int compression : {1, 5, 8, 32773})
      for (const std::uint16_t tag : tags)
        for (const std::uint16_t tag2 : tags)
          for (const std::uint64_t value : edge_values) {
            const std::uint64_t value2 = value < 0x10000 ? std::uint64_t{1} << 60 : value;
            try {
              decode_resized(bigtiff_with(tiled, compression, tag, value, tag2, value2), 8, 8);
            } catch (const PictureError&) {
              ++refused;
            }
          }
  EXPECT_GT(refused, 1000);
}

TEST(HostilePictures, ATileOfAnImpossibleWidthIsRefusedWithAReason) {
  namespace t = test::tiff_tag;
  try {
    decode_picture(bigtiff_with(true, 1, t::tile_width, std::uint64_t{1} << 60, 0, 0));
    ADD_FAILURE();
  } catch (const PictureError& error) {
    EXPECT_STREQ(error.what(), "it states a size that no file can have: it is damaged or hostile");
  }
}

TEST(HostilePictures, SizesThatNoPictureCanHaveAreRefused) {
  for (const char* name : {"420.jpg", "rgb.png", "rgb.bmp", "palette.gif", "lzw.tif", "lossy.webp"}) {
    const test::FileBytes file = test::bytes_of(test::small_pictures / name);
    for (const auto& [width, height] :
         {std::pair{0, 4}, {4, 0}, {-1, -1}, {1 << 20, 1 << 20}, {INT_MAX, INT_MAX}})
      EXPECT_THROW(decode_resized(file, width, height), Error) << name;
  }
}

TEST(HostilePictures, PicturesOfACallerWithoutTheirPixelsAreRefused) {
  for (const Picture& picture :
       {Picture{10, 10, {1}}, Picture{0, 10, {}}, Picture{-1, -1, {1, 2, 3}}, Picture{1 << 30, 1 << 30, {}},
        Picture{2, 1, std::vector<std::uint8_t>(7)}}) {
    EXPECT_THROW(resize_picture(picture, 4, 4), Error);
    EXPECT_THROW(resize_picture(picture, 10, 10), Error);
    EXPECT_THROW(fit_picture(picture, 4), Error);
    EXPECT_THROW(encode_jpeg(picture), Error);
    EXPECT_THROW(encode_png(picture), Error);
    EXPECT_THROW(picture_signature(picture), Error);
  }
}

/// A lossless WebP of one color (RFC 9649): every code has one symbol, which takes no bits.
test::FileBytes solid_webp(std::uint32_t width, std::uint32_t height, std::array<std::uint32_t, 3> rgb) {
  test::FileBytes bits;
  std::size_t count = 0;
  const auto put = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i, ++count) {
      if (count % 8 == 0) bits.push_back(0);
      bits.back() = std::uint8_t(bits.back() | (value >> i & 1) << count % 8);
    }
  };
  put(0x2f, 8);
  put(width - 1, 14);
  put(height - 1, 14);
  put(0, 1 + 3);  // no alpha, version 0
  put(0, 3);      // no transform, no color cache, one group of codes
  for (const std::uint32_t symbol : {rgb[1], rgb[0], rgb[2], 255u, 0u}) {
    put(0b101, 3);  // a simple code of one symbol of 8 bits
    put(symbol, 8);
  }
  bits.resize((bits.size() + 1) / 2 * 2);
  test::FileBytes file;
  const auto text = [&](std::string_view chars) { file.insert(file.end(), chars.begin(), chars.end()); };
  const auto number = [&](std::size_t value) {
    for (int i = 0; i < 4; ++i) file.push_back(std::uint8_t(value >> 8 * i));
  };
  text("RIFF");
  number(4 + 8 + bits.size());
  text("WEBPVP8L");
  number(bits.size());
  file.insert(file.end(), bits.begin(), bits.end());
  return file;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Each takes 1.25 GB of addresses, of which there are not enough for two at a time.
TEST(HostilePictures, LargePicturesOnAllThreadsShareOneBudgetOfMemory) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{std::uint64_t{9} << 28, std::uint64_t{9} << 28};  // 2.25 GiB
    ::setrlimit(RLIMIT_AS, &limit);
    const test::FileBytes file = solid_webp(16383, 10923, {10, 20, 30});
    std::atomic<int> right = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 2; ++i)
        threads.emplace_back([&] {
          try {
            const Picture picture = decode_resized(file, 2, 1).picture;
            right += picture.pixels == std::vector<std::uint8_t>{10, 20, 30, 10, 20, 30};
          } catch (const std::exception& error) {
            std::fprintf(stderr, "%s\n", error.what());
          }
        });
    }
    ::_exit(right == 2 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}
#endif

std::string reason_against(std::span<const std::uint8_t> file) {
  try {
    decode_resized(file, 8, 8);
  } catch (const PictureError& error) {
    return error.what();
  }
  return "";
}

TEST(HostilePictures, AProgressiveJpegWithThousandsOfScansIsRefused) {
  test::FileBytes jpeg = {0xFF, 0xD8};
  const auto segment = [&](std::uint8_t marker, std::initializer_list<int> content) {
    jpeg.insert(jpeg.end(), {0xFF, marker, 0, std::uint8_t(content.size() + 2)});
    for (const int byte : content) jpeg.push_back(std::uint8_t(byte));
  };
  jpeg.insert(jpeg.end(), {0xFF, 0xDB, 0, 67, 0});
  jpeg.insert(jpeg.end(), 64, std::uint8_t{1});
  segment(0xC2,
          {8, 11000 >> 8, 11000 & 255, 16000 >> 8, 16000 & 255, 1, 1, 0x11, 0});  // gray, 2.75 million blocks
  segment(0xC4, {0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xE0});
  for (int i = 0; i < 1000; ++i) segment(0xDA, {1, 1, 0x10, 1, 1, 0});
  jpeg.insert(jpeg.end(), {0xFF, 0xD9});
  EXPECT_THAT(reason_against(jpeg), testing::HasSubstr("far more scans"));
}

/// A PNG with `count` compressed texts of this key, each of a mebibyte less one byte.
test::FileBytes png_of_texts(std::string_view key, int count) {
  test::FileBytes png = encode_png(test::noise(2, 2));
  uLongf size = compressBound(1 << 20);
  const std::size_t at = 8 + key.size() + 2;
  test::FileBytes chunk(at + size);
  const test::FileBytes zeros((1 << 20) - 1);
  // zTXt: a key, which may be empty and is then not kept, how it is compressed, the text.
  EXPECT_EQ(compress2(&chunk[at], &size, zeros.data(), zeros.size(), 9), Z_OK);
  chunk.resize(at + size + 4);
  const auto put = [&](std::size_t to, std::size_t value) {
    for (std::size_t i = 0; i < 4; ++i) chunk[to + i] = std::uint8_t(value >> (24 - 8 * i));
  };
  put(0, key.size() + 2 + size);
  std::ranges::copy(std::string_view("zTXt"), chunk.begin() + 4);
  std::ranges::copy(key, chunk.begin() + 8);
  put(at + size, crc32_z(0, &chunk[4], key.size() + 6 + size));
  test::FileBytes texts;
  for (int i = 0; i < count; ++i) texts.insert(texts.end(), chunk.begin(), chunk.end());
  png.insert(png.begin() + 33, texts.begin(), texts.end());
  return png;
}

TEST(HostilePictures, APngOfThousandsOfCompressedTextsIsRefused) {
  EXPECT_THAT(reason_against(png_of_texts("", 300)), testing::HasSubstr("over 256 MiB"));
  EXPECT_THAT(reason_against(png_of_texts("k", 65)), testing::HasSubstr("texts of over 64 MiB"));
  EXPECT_EQ(reason_against(png_of_texts("k", 64)), "");
}

TEST(HostilePictures, ATiffOfTilesFarLargerThanThePictureIsRefused) {
  namespace t = test::tiff_tag;
  test::TiffFile tiff(true);
  tiff.add(t::width, 1);
  tiff.add(t::height, 8192 * 40);
  tiff.add(t::bits, 8);
  tiff.add(t::compression, 8);
  tiff.add(t::photometric, 1);
  tiff.add(t::samples, 1);
  tiff.add(t::tile_width, 16384);
  tiff.add(t::tile_height, 8192);
  tiff.add(t::tile_offsets, 16, std::vector<std::uint64_t>(40, 900));
  tiff.add(t::tile_sizes, 16, std::vector<std::uint64_t>(40, 100));
  EXPECT_THAT(reason_against(tiff.with(test::FileBytes(2000))),
              testing::HasSubstr("far more than the picture"));
}

TEST(HostilePictures, AnAvifOfThousandsOfItemsIsRefused) {
  test::FileBytes avif = test::bytes_of(test::small_pictures / "rgb.avif");
  constexpr std::string_view meta = "meta";
  const auto found = std::search(avif.begin(), avif.end(), meta.begin(), meta.end());
  const auto at = std::size_t(found - avif.begin()) + 8;  // its first box
  test::FileBytes table(100'000);
  const std::size_t added = table.size();
  for (std::size_t i = 0; i < 4; ++i) table[i] = std::uint8_t(added >> (24 - 8 * i));
  std::ranges::copy(std::string_view("iinf"), table.begin() + 4);
  const std::size_t size_at = at - 12;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | avif[size_at + i];
  for (std::size_t i = 0; i < 4; ++i) avif[size_at + i] = std::uint8_t((size + added) >> (24 - 8 * i));
  avif.insert(avif.begin() + std::ptrdiff_t(at), table.begin(), table.end());
  EXPECT_THAT(reason_against(avif), testing::HasSubstr("far more items"));
}

/// rgb.avif with another payload: an AV1 sequence header of 256x256 pixels and two layers, then `hidden`
/// frames of the lower one, which are decoded and not shown, and one of the upper. Made by libaom, but for
/// the layers.
test::FileBytes avif_with_hidden_frames(int hidden) {
  constexpr std::string_view header(
      "\x12\x00\x0A\x0E\x00\x03\x01\x03\xBF\xFF\xF9\xB5\xF2\x20\x21\xA0\xD0\x80", 18);
  constexpr std::string_view frame(
      "\x29\x10\x00\x8E\x00\x10\x41\x04\x09\x04\x20\xB4\x83\xEB\x1E\xAD\x54\x3B\xFE\x74\x7A\x5B\x65\x64\x5E"
      "\xF3\x1E"
      "\x38\xB7\x97\x33\x8A\x65\x74\xA8\x89\x5F\xCE\xBC\x6A\xD4\xB0",
      42);
  std::string payload(header);
  for (int i = 0; i <= hidden; ++i) {
    payload += {'\x36', i < hidden ? '\x00' : '\x08'};
    payload += frame;
  }
  test::FileBytes avif = test::bytes_of(test::small_pictures / "rgb.avif");
  const auto end_of = [&](std::string_view name) {
    const auto found = std::search(avif.begin(), avif.end(), name.begin(), name.end());
    return std::size_t(found - avif.begin()) + name.size();
  };
  const auto number = [](std::size_t value) {
    test::FileBytes bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(std::uint8_t(value >> shift));
    return bytes;
  };
  const std::size_t data = end_of("mdat");
  const test::FileBytes old_length = number(avif.size() - data);
  const auto length = std::search(avif.begin() + std::ptrdiff_t(end_of("iloc")), avif.end(),
                                  old_length.begin(), old_length.end());
  std::ranges::copy(number(payload.size()), length);
  std::ranges::copy(number(payload.size() + 8), avif.begin() + std::ptrdiff_t(data) - 8);
  avif.resize(data);
  avif.insert(avif.end(), payload.begin(), payload.end());
  return avif;
}

TEST(HostilePictures, AnAvifOfManyHiddenFramesIsRefused) {
  const test::FileBytes avif = avif_with_hidden_frames(11'000);  // 484 kB, 720 million pixels
  EXPECT_THAT(reason_against(avif), testing::HasSubstr("far more frames"));
  try {
    decode_picture(avif_with_hidden_frames(3));  // as a picture of layers has them
  } catch (const PictureError& error) {
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("far more frames")));
  }
}

TEST(HostilePictures, EveryCutOfASmallPictureEndsInAPictureOrAReason) {
  for (const auto& path : test::files_in(test::small_pictures)) {
    const test::FileBytes file = test::bytes_of(path);
    for (std::size_t size = 0; size < file.size(); size += 1 + size / 40) {
      // A copy of exactly this size, so that a sanitizer sees a read past it.
      const test::FileBytes cut(file.begin(), file.begin() + std::ptrdiff_t(size));
      try {
        decode_picture(cut);
      } catch (const PictureError&) {
      }
    }
  }
}

}  // namespace
}  // namespace bart
