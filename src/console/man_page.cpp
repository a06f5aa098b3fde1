#include "man_page.h"

#include <fmt/format.h>

#include <algorithm>

namespace bart {
namespace {

/// Escapes text for roff, in which a backslash, a dash and a dot at the start of a line have other meanings.
std::string roff(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool line_start = i == 0 || text[i - 1] == '\n';
    if (line_start && (text[i] == '.' || text[i] == '\'')) result += "\\&";
    if (text[i] == '\\') {
      result += "\\e";
    } else if (text[i] == '-') {
      result += "\\-";
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string flag_entry(const FlagText& flag) {
  std::string text = ".TP\n";
  if (!flag.short_name.empty()) text += "\\fB" + roff(flag.short_name) + "\\fR, ";
  text += "\\fB" + roff(flag.name) + "\\fR";
  if (!flag.values.empty()) {
    text += " " + roff(fmt::format("{}", fmt::join(flag.values, "|")));
  } else if (flag.takes_value) {
    text += " \\fIVALUE\\fR";
  }
  text += "\n" + roff(flag.description);
  if (!flag.default_value.empty()) text += roff(" (default " + flag.default_value + ")");
  return text + ".\n";
}

}  // namespace

std::string man_page(const CommandText& command, const std::vector<CommandText>& commands,
                     std::string_view version) {
  const bool program = command.name.empty();
  const std::string name = program ? "bart" : "bart-" + command.name;
  std::string page = fmt::format(
      ".TH {} 1 \"\" \"bart {}\" \"BART\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n\\fBbart{}\\fR",
      upper(roff(name)), version, roff(name), roff(command.description), program ? "" : " " + command.name);
  if (program) page += " \\fICOMMAND\\fR";
  for (const FlagText& argument : command.arguments) page += " [\\fI" + roff(argument.name) + "\\fR]";
  page += program ? "\n" : " [\\fIFLAGS\\fR]\n";
  if (program) {
    page += ".SH COMMANDS\n";
    for (const CommandText& other : commands) {
      if (other.name.empty()) continue;
      page += fmt::format(".TP\n\\fB{}\\fR\n{}. See \\fBbart\\-{}\\fR(1).\n", other.name,
                          roff(other.description), other.name);
    }
  }
  if (!command.arguments.empty()) {
    page += ".SH ARGUMENTS\n";
    for (const FlagText& argument : command.arguments) {
      page += fmt::format(".TP\n\\fI{}\\fR\n{}.\n", roff(argument.name), roff(argument.description));
    }
  }
  page += ".SH FLAGS\n";
  for (const FlagText& flag : command.flags) page += flag_entry(flag);
  if (!command.footer.empty()) page += ".SH NOTES AND EXAMPLES\n.nf\n" + roff(command.footer) + "\n.fi\n";
  page += ".SH EXIT STATUS\n0 for success, 1 for a failure, 2 for a command that was not understood.\n";
  return page;
}

}  // namespace bart
