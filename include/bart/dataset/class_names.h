#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bart {

/// Unicode's composed form (NFC): "Köln" is the same bytes whether a Mac or a Linux machine wrote it. Text
/// that is not valid UTF-8 is returned as it is.
std::string composed(std::string_view text);

/// The place of `name` among `classes`: the same bytes, or else the same text in composed form.
std::optional<std::size_t> find_class(std::span<const std::string> classes, std::string_view name);

/// The place of each of `names` among `classes`, [names.size()], if both are the same texts in composed form,
/// in any order; else nothing.
std::optional<std::vector<std::size_t>> places_of_same_classes(std::span<const std::string> classes,
                                                               std::span<const std::string> names);

/// The name without case, white space at its ends, repeated white space, invisible characters and
/// compatibility forms (Unicode's NFKC_Casefold). Two names with the same result look alike to a reader.
std::string folded(std::string_view text);

/// Whether the text is valid UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

}  // namespace bart
