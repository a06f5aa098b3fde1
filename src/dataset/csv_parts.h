#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "bart/dataset/listing.h"

namespace bart {

/// More values than names of parts and truth values have spellings: a column of more is neither.
constexpr std::size_t most_values = 20;

/// A column that may say how the pictures are split.
struct PossibleSplit {
  std::size_t column;
  std::string name;
  Part flagged;
  std::set<std::string> values = {};  // with "" for empty fields
};

/// The part that is meant by the true values of a column of this name, such as is_valid; the others are for
/// training. Part::none for any other name.
Part flagged_by(std::string_view name);

/// The part that a field of the part column names; Part::none: none. Throws Error, with the row's line, for
/// what names none.
Part part_in(const std::string& field, Part flagged, std::size_t line);

/// Whether a column holds names of parts, more than one of them, and nothing else; or says, for some
/// pictures, that they are of the part that its name says.
bool is_split(const PossibleSplit& one);

/// Whether a column that is no split may have been meant as one: by a word of its name such as "fold", or
/// "test" with truth values or few numbers, or by values that resemble names of parts.
bool looks_like_split(const PossibleSplit& one);

}  // namespace bart
