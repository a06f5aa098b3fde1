#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace bart {

/// A flag or an argument as --help shows it. Completions, manual pages and suggestions are made from these
/// texts too.
struct FlagText {
  std::string name;                   // "--epochs"; of an argument "folder"
  std::string short_name;             // "-h" or empty
  std::vector<std::string> synonyms;  // "--batch-size"
  std::string description;
  std::string default_value;
  std::vector<std::string> values;  // if it takes one of a few values
  bool takes_value = false;
};

struct CommandText {
  std::string name;  // "train"; empty for the program itself
  std::string description;
  std::string footer;  // notes and examples
  std::vector<FlagText> flags;
  std::vector<FlagText> arguments;
};

/// The program, then its commands in their order; hidden ones are left out.
std::vector<CommandText> command_texts(const CLI::App& program);

}  // namespace bart
