#include "plan.h"

#include <fmt/format.h>

#include <iterator>

namespace bart {

std::string describe(const std::string& heading, const std::vector<Operation>& operations,
                     const ArenaLayout& arena) {
  std::string text = heading + "\n\n";
  auto out = std::back_inserter(text);
  fmt::format_to(out, "{:>4}  {:<44} {}\n", "", "Operation", "Kernel");
  for (std::size_t i = 0; i < operations.size(); ++i) {
    fmt::format_to(out, "{:>4}  {:<44} {}\n", i + 1, operations[i].name, operations[i].implementation);
  }
  fmt::format_to(out, "\n{:>12}  {:>12}  {:>8}  {}\n", "Offset", "Bytes", "In use", "Buffer");
  for (const Buffer& buffer : arena.buffers()) {
    fmt::format_to(out, "{:>12}  {:>12}  {:>8}  {}\n", buffer.offset, buffer.bytes,
                   fmt::format("{}-{}", buffer.first, buffer.last), buffer.name);
  }
  fmt::format_to(out, "\nThe arena has {} bytes ({:.1f} MB; {:.1f} MB if no buffers shared memory).\n",
                 arena.size(), 1e-6 * static_cast<double>(arena.size()),
                 1e-6 * static_cast<double>(arena.size_without_sharing()));
  return text;
}

}  // namespace bart
