#include "number_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>
#include <type_traits>

namespace bart {
namespace {

/// Checks that `value` is a decimal Number and takes the leading zeros from a whole one. Returns what is
/// wrong with it, or an empty text, as CLI11 takes it.
template <typename Number>
std::string as_written(const char* kind, std::string& value) {
  if (value.empty()) return {};  // which the program reports
  const char* const end = value.data() + value.size();
  Number number{};
  const auto [rest, error] = std::from_chars(
      value.data() + (value.starts_with('+') && !value.starts_with("+-") ? 1 : 0), end, number);
  if (rest != end || error == std::errc::invalid_argument)
    return fmt::format("takes {}, not {}", kind, value);
  if (error != std::errc()) return fmt::format("takes {}, and {} is out of range", kind, value);
  if constexpr (std::is_integral_v<Number>) value = fmt::format("{}", number);
  return {};
}

}  // namespace

void read_numbers_as_written(CLI::App& command) {
  for (CLI::Option* option : command.get_options([](const CLI::Option*) { return true; })) {
    const std::string type = option->get_type_name();
    const auto read = [option](std::string (*check)(const char*, std::string&), const char* kind) {
      option->transform(CLI::Validator([check, kind](std::string& value) { return check(kind, value); }, ""));
    };
    if (type.starts_with("INT")) read(as_written<std::int64_t>, "a whole number");
    if (type.starts_with("UINT")) read(as_written<std::uint64_t>, "a whole number of at least 0");
    if (type.starts_with("FLOAT")) read(as_written<double>, "a number");
  }
}

}  // namespace bart
