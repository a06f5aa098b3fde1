#include "plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace bart {

std::string describe(const std::string& heading, const std::vector<Operation>& operations,
                     const ArenaLayout& arena) {
  std::string text = heading + "\n\n";
  auto out = std::back_inserter(text);
  std::size_t width = 0;
  for (const Operation& operation : operations) width = std::max(width, operation.name.size());
  fmt::format_to(out, "{:>4}  {:<{}}  {}\n", "", "Operation", width, "Kernel");
  std::size_t number = 0;
  for (auto operation = operations.begin(); operation != operations.end(); ++operation) {
    const auto is_its_name = [&](const Operation& other) { return other.name == operation->name; };
    if (std::any_of(operations.begin(), operation, is_its_name)) continue;
    const auto parts = std::count_if(operation, operations.end(), is_its_name);
    fmt::format_to(out, "{:>4}  {:<{}}  {}{}\n", ++number, operation->name, width, operation->implementation,
                   parts > 1 ? fmt::format(", in {} parts", parts) : "");
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
