#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "run_bart.h"

namespace bart {

/// The output of Chromium with these arguments, run in `folder`; empty if there is no working one.
inline std::string chromium(const std::filesystem::path& folder, const std::string& arguments) {
  if (std::system("command -v chromium >/dev/null 2>&1") != 0) return {};
  const std::string command = "cd '" + folder.string() +
                              "' && timeout 60 chromium --headless=new --no-sandbox --disable-gpu "
                              "--hide-scrollbars --user-data-dir=chromium " +
                              arguments + " >chromium.out 2>/dev/null";
  return std::system(command.c_str()) == 0 ? file_text(folder / "chromium.out") + " " : std::string();
}

}  // namespace bart
