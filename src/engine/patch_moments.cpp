#include "patch_moments.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "patch_moments_kernels.h"
#include "team.h"

namespace bart {
namespace {

// Let i and j be places in a patch relative to its centre, from (-1, -1) to (1, 1). The sum over all patches
// of p[i] p[j] is the correlation of the picture with itself shifted by j - i, minus the pixels that no patch
// has at place i: the last row of the picture where i is above the centre, the first row where i is below it,
// and the same for columns. The partner at j of such a pixel lies outside the picture, where all is zero,
// unless j is as far above or below the centre as i. So a few correlations of the whole picture, and of its
// edges and corners, give all 729 sums.

using Products = std::array<std::int64_t, 9>;  // [3 colours, 3 colours of the partner]
using Colours = std::array<std::int64_t, 3>;

/// Sums over one line at a picture's edge.
struct Edge {
  std::array<Products, 3> products;  // with itself, shifted by 0, 1, 2
  Colours sums;
};

/// Sums over whole pictures, and over their first and last rows and columns.
struct Correlations {
  std::array<std::array<Products, 5>, 3> whole;  // shifted by 0 to 2 rows and by -2 to 2 columns
  Colours sums;
  std::array<Edge, 2> rows, columns;
  std::array<std::array<Products, 2>, 2> corners;  // [first or last row, first or last column]
  std::array<std::array<Colours, 2>, 2> corner_sums;
};

/// One thread's memory.
struct Room {
  std::int64_t size, stride, line;  // line: numbers of one line
  std::size_t bytes;

  explicit Room(std::int64_t s)
      : size(s),
        stride((s + line_overhang - 1) / line_overhang * line_overhang + line_overhang),
        line(3 * stride),
        bytes((sizeof(Correlations) + 63) / 64 * 64 +
              static_cast<std::size_t>((s + 3) * line) * sizeof(std::int16_t)) {}
};

/// Adds one picture's sums to a thread's.
class PictureSums {
 public:
  PictureSums(const Room& room, void* memory)
      : room_(room),
        all_(*static_cast<Correlations*>(memory)),
        column_(reinterpret_cast<std::int16_t*>(static_cast<std::uint8_t*>(memory) +
                                                (sizeof(Correlations) + 63) / 64 * 64)),
        lines_(column_ + room.line) {}

  void add(const std::uint8_t* picture) {
    spread(picture);
    add_whole();
    const std::int64_t last = room_.size - 1;
    for (std::size_t end = 0; end < 2; ++end) {
      add_edge(line(end == 0 ? 0 : last), all_.rows[end]);
      spread_column(picture, end == 0 ? 0 : last);
      add_edge(column_, all_.columns[end]);
      for (std::size_t side = 0; side < 2; ++side) {
        add_corner(picture + ((end == 0 ? 0 : last) * room_.size + (side == 0 ? 0 : last)) * 3, end, side);
      }
    }
  }

 private:
  std::int16_t* line(std::int64_t y) const { return lines_ + y * room_.line; }

  /// The picture, with zeros after each colour's line and two lines of zeros below.
  void spread(const std::uint8_t* picture) const {
    const auto size = static_cast<std::size_t>(room_.size);
    const auto stride = static_cast<std::size_t>(room_.stride);
    for (std::int64_t y = 0; y < room_.size; ++y) {
      spread_line(picture + y * room_.size * 3, size, stride, line(y));
      for (std::int64_t c = 0; c < 3; ++c) {
        std::memset(line(y) + c * room_.stride + room_.size, 0, (stride - size) * sizeof(std::int16_t));
      }
    }
    std::memset(line(room_.size), 0, static_cast<std::size_t>(2 * room_.line) * sizeof(std::int16_t));
  }

  void spread_column(const std::uint8_t* picture, std::int64_t x) const {
    std::memset(column_, 0, static_cast<std::size_t>(room_.line) * sizeof(std::int16_t));
    for (std::int64_t y = 0; y < room_.size; ++y) {
      for (std::int64_t c = 0; c < 3; ++c) {
        column_[c * room_.stride + y] = picture[(y * room_.size + x) * 3 + c];
      }
    }
  }

  void correlate(const std::int16_t* a, const std::int16_t* b, std::int64_t count, Products& to) const {
    correlate_lines(a, b, static_cast<std::size_t>(room_.size), static_cast<std::size_t>(room_.stride),
                    static_cast<std::size_t>(count), to.data());
  }

  void sum(const std::int16_t* lines, std::int64_t count, Colours& to) const {
    sum_lines(lines, static_cast<std::size_t>(room_.size), static_cast<std::size_t>(room_.stride),
              static_cast<std::size_t>(count), to.data());
  }

  void add_whole() {
    const std::int64_t step = lines_at_once(room_.size);
    for (std::int64_t y = 0; y < room_.size; y += step) {
      const std::int64_t count = std::min(step, room_.size - y);
      sum(line(y), count, all_.sums);
      for (std::int64_t down = 0; down < 3; ++down) {
        // Within a row, a pair with a shift to the left is the same pair with a shift to the right.
        for (std::int64_t right = down == 0 ? 0 : -2; right <= 2; ++right) {
          correlate(line(y), line(y + down) + right, count,
                    all_.whole[static_cast<std::size_t>(down)][static_cast<std::size_t>(right + 2)]);
        }
      }
    }
  }

  void add_edge(const std::int16_t* edge, Edge& to) const {
    sum(edge, 1, to.sums);
    for (std::size_t shift = 0; shift < 3; ++shift) correlate(edge, edge + shift, 1, to.products[shift]);
  }

  void add_corner(const std::uint8_t* pixel, std::size_t row, std::size_t column) {
    for (std::size_t c = 0; c < 3; ++c) {
      all_.corner_sums[row][column][c] += pixel[c];
      for (std::size_t d = 0; d < 3; ++d) {
        all_.corners[row][column][3 * c + d] += std::int64_t{pixel[c]} * pixel[d];
      }
    }
  }

  const Room& room_;
  Correlations& all_;
  std::int16_t* column_;  // [3, stride]
  std::int16_t* lines_;   // [size + 2, 3, stride]
};

/// The place of a patch's element.
struct Place {
  std::int64_t row, column;  // from -1 to 1
  std::size_t colour;

  explicit Place(std::int64_t element)
      : row(element / 9 - 1), column(element / 3 % 3 - 1), colour(static_cast<std::size_t>(element % 3)) {}
};

/// The edge that no patch has at this place: the last one for a place before the centre, the first one for a
/// place after it.
std::size_t missed_edge(std::int64_t place) {
  return place < 0 ? 1 : 0;
}

std::int64_t of_edge(const Edge& edge, std::int64_t shift, std::size_t colour, std::size_t partner) {
  return shift < 0 ? edge.products[static_cast<std::size_t>(-shift)][3 * partner + colour]
                   : edge.products[static_cast<std::size_t>(shift)][3 * colour + partner];
}

std::int64_t of_whole(const Correlations& all, std::int64_t down, std::int64_t right, std::size_t colour,
                      std::size_t partner) {
  if (down < 0 || (down == 0 && right < 0)) return of_whole(all, -down, -right, partner, colour);
  return all.whole[static_cast<std::size_t>(down)][static_cast<std::size_t>(right + 2)][3 * colour + partner];
}

std::int64_t product(const Correlations& all, const Place& i, const Place& j) {
  const std::int64_t down = j.row - i.row;
  const std::int64_t right = j.column - i.column;
  const bool misses_row = down == 0 && i.row != 0;
  const bool misses_column = right == 0 && i.column != 0;
  const std::size_t row = missed_edge(i.row);
  const std::size_t column = missed_edge(i.column);
  std::int64_t sum = of_whole(all, down, right, i.colour, j.colour);
  if (misses_row) sum -= of_edge(all.rows[row], right, i.colour, j.colour);
  if (misses_column) sum -= of_edge(all.columns[column], down, i.colour, j.colour);
  if (misses_row && misses_column) sum += all.corners[row][column][3 * i.colour + j.colour];
  return sum;
}

std::int64_t total(const Correlations& all, const Place& i) {
  const std::size_t row = missed_edge(i.row);
  const std::size_t column = missed_edge(i.column);
  std::int64_t sum = all.sums[i.colour];
  if (i.row != 0) sum -= all.rows[row].sums[i.colour];
  if (i.column != 0) sum -= all.columns[column].sums[i.colour];
  if (i.row != 0 && i.column != 0) sum += all.corner_sums[row][column][i.colour];
  return sum;
}

/// Adds the sums of all threads to those of the first one. The order does not matter for integers.
const Correlations& total_over_threads(void* scratch, const Room& room, int threads) {
  constexpr std::size_t numbers = sizeof(Correlations) / sizeof(std::int64_t);
  auto* sums = static_cast<std::int64_t*>(scratch);
  for (int t = 1; t < threads; ++t) {
    const auto* more = reinterpret_cast<const std::int64_t*>(static_cast<std::uint8_t*>(scratch) +
                                                             static_cast<std::size_t>(t) * room.bytes);
    for (std::size_t i = 0; i < numbers; ++i) sums[i] += more[i];
  }
  return *static_cast<const Correlations*>(scratch);
}

}  // namespace

std::size_t patch_moments_scratch_bytes(std::int64_t size, const Team& team) {
  return static_cast<std::size_t>(team.size) * Room(size).bytes;
}

PatchMoments patch_moments(const Team& team, std::span<const std::uint8_t* const> pictures, std::int64_t size,
                           void* scratch) {
  const Room room(size);
  const auto memory = [&](int thread) {
    return static_cast<std::uint8_t*>(scratch) + static_cast<std::size_t>(thread) * room.bytes;
  };
  for (int t = 0; t < team.size; ++t) std::memset(memory(t), 0, sizeof(Correlations));
  team.each(static_cast<std::int64_t>(pictures.size()), [&](std::int64_t n, int thread) {
    PictureSums(room, memory(thread)).add(pictures[static_cast<std::size_t>(n)]);
  });

  const Correlations& all = total_over_threads(scratch, room, team.size);
  PatchMoments moments;
  moments.count = static_cast<std::int64_t>(pictures.size()) * size * size;
  for (std::int64_t i = 0; i < patch_elements; ++i) {
    moments.sums[static_cast<std::size_t>(i)] = total(all, Place(i));
    for (std::int64_t j = 0; j < patch_elements; ++j) {
      moments.gram[static_cast<std::size_t>(i * patch_elements + j)] = product(all, Place(i), Place(j));
    }
  }
  return moments;
}

}  // namespace bart
