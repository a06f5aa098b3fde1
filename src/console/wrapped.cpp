#include "wrapped.h"

#include <algorithm>

#include "bart/platform/printable.h"

namespace bart {
namespace {

constexpr std::size_t description_column = 30;  // of CLI11
constexpr std::size_t deeper = 6;               // of what continues a line of the help text

std::string spaces(std::size_t count) {
  return std::string(count, ' ');
}

/// `text` from column `column` on.
std::string column_of_text(std::string_view text, std::size_t column, std::size_t columns) {
  std::string lines = spaces(column) + wrapped(text, columns - column, 0);
  for (std::size_t at = lines.find('\n'); at != lines.npos; at = lines.find('\n', at + 1))
    lines.insert(at + 1, spaces(column));
  return lines;
}

/// An indented line: a flag and its description, or an example and a comment.
std::string wrapped_entry(std::string_view line, std::size_t columns) {
  if (columns_of(line) <= columns) return std::string(line);
  const std::size_t begin = line.find_first_not_of(' ');
  // After a long flag one space is left before the description.
  const bool full =
      line[begin] == '-' && line.size() > description_column && line[description_column - 1] == ' ';
  const std::size_t gap = full ? line.find_last_not_of(' ', description_column - 1) + 1
                               : std::min(line.find("  ", begin), line.size());
  const std::size_t text = std::min(line.find_first_not_of(' ', gap), line.size());
  const bool only_text = begin >= description_column;  // the flag stands in the line above
  const std::string_view name = only_text ? std::string_view() : line.substr(begin, gap - begin);
  const std::string_view about = only_text ? line.substr(begin) : line.substr(text);
  std::string head = name.empty() ? "" : spaces(begin) + wrapped(name, columns - begin, deeper);
  if (about.empty()) return head;
  const std::size_t column = only_text ? begin : text;
  if (column != description_column || columns < description_column + 40)
    return head + (head.empty() ? "" : "\n") + column_of_text(about, deeper, columns);
  const std::string lines = column_of_text(about, column, columns);
  return head.empty() ? lines : head + lines.substr(columns_of(head));
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  if (columns == 0) return std::string(text);
  std::string result, line;
  const auto end_line = [&] {
    result += (result.empty() ? "" : "\n") + line;
    line = std::string(indent, ' ');
  };
  bool blank = true;  // the line has no word
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    while (columns_of(line) + !blank + columns_of(word) > columns) {
      // A word that is longer than a line is broken after a comma.
      const std::size_t room = columns > columns_of(line) + !blank ? columns - columns_of(line) - !blank : 0;
      const std::size_t comma =
          columns_of(word) > columns - indent ? word.substr(0, room).rfind(',') : word.npos;
      if (comma != word.npos) {
        line += (blank ? "" : " ") + std::string(word.substr(0, comma + 1));
        word.remove_prefix(comma + 1);
      } else if (blank) {
        break;
      }
      end_line();
      blank = true;
    }
    line += (blank ? "" : " ") + std::string(word);
    blank = false;
  }
  end_line();
  return result;
}

std::string wrapped_help(std::string_view help, std::size_t columns) {
  if (columns == 0) return std::string(help);
  columns = std::clamp<std::size_t>(columns, 40, 120);
  std::string result, paragraph;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) result += wrapped(paragraph, columns, 0) + "\n";
    paragraph.clear();
  };
  while (!help.empty()) {
    const std::size_t end = std::min(help.find('\n'), help.size());
    const std::string_view line = help.substr(0, end);
    help.remove_prefix(std::min(end + 1, help.size()));
    const bool prose = !line.empty() && line.front() != ' ' && !line.starts_with("Usage:");
    if (prose) {
      paragraph += (paragraph.empty() ? "" : " ") + std::string(line);
      if (line.ends_with(':')) end_paragraph();
      continue;
    }
    end_paragraph();
    result +=
        (line.starts_with("Usage:") ? wrapped(line, columns, deeper) : wrapped_entry(line, columns)) + "\n";
  }
  end_paragraph();
  return result;
}

}  // namespace bart
