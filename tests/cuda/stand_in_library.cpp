// The stand-in driver as libcuda.so.1, for whole commands: LD_LIBRARY_PATH finds it. BART_STAND_IN says what
// it pretends to be, in words such as "version=12000 devices=0 memory=1000000 retain_context=46", of which
// the last is the answer of a function.
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>

#include "stand_in_driver.h"

namespace bart::cuda {
namespace {

[[maybe_unused]] const bool told = [] {
  StandIn& driver = stand_in();
  driver.any_image = true;
  const char* words = std::getenv("BART_STAND_IN");
  std::istringstream all(words == nullptr ? "" : words);
  for (std::string word; all >> word;) {
    const std::size_t sign = word.find('=');
    if (sign == std::string::npos) throw std::invalid_argument("BART_STAND_IN: " + word);
    const std::string name = word.substr(0, sign);
    const long long value = std::stoll(word.substr(sign + 1));
    if (name == "version") {
      driver.version = static_cast<int>(value);
    } else if (name == "devices") {
      driver.devices = static_cast<int>(value);
    } else if (name == "memory") {
      driver.memory = static_cast<std::size_t>(value);
    } else {
      driver.answers[name] = static_cast<Status>(value);
    }
  }
  return true;
}();

}  // namespace
}  // namespace bart::cuda
