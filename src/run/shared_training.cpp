#include "shared_training.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "bart/checkpoint/checkpoint.h"
#include "bart/platform/error.h"
#include "bart/record/machine.h"
#include "bart/record/version.h"

namespace bart {
namespace {

/// One text of the same length from each process.
template <std::size_t size>
std::vector<std::array<char, size>> gather_texts(Group& group, const std::string& mine) {
  std::array<char, size> text{};
  std::copy_n(mine.data(), std::min(mine.size(), size - 1), text.data());
  std::vector<std::array<char, size>> all(static_cast<std::size_t>(group.size()));
  const std::vector<std::size_t> lengths(all.size(), size);
  group.gather(text.data(), lengths, all.data());
  return all;
}

}  // namespace

SharedStart share_start(Group& group, const SharedStart& start) {
  // Texts with a 0 after each: none of them contains one.
  std::string text = std::string(bart_version()) + '\0' + start.folder.string() + '\0';
  for (const Setting& setting : run_settings()) text += text_of(setting, start.settings) + '\0';
  share(group, text);
  const char* at = text.c_str();
  const auto next = [&] {
    std::string value = at;
    at += value.size() + 1;
    return value;
  };
  if (const std::string version = next(); version != bart_version()) {
    throw Error(
        fmt::format("process 0 is of BART {}, this one of BART {}: install the same version everywhere",
                    version, bart_version()));
  }
  SharedStart shared{.folder = next(), .settings = {}};
  for (const Setting& setting : run_settings()) {
    if (const std::string value = next(); !set_from_text(setting, shared.settings, value)) {
      throw Error(fmt::format("process 0 sent \"{}\" as {}", value, setting.name));
    }
  }
  return shared;
}

void check_same_pictures(Group& group, const DataFingerprint& own, const std::vector<std::string>& files) {
  DataFingerprint first = own;
  group.broadcast(&first.classes, sizeof first.classes);
  share(group, first.names);
  share(group, first.pixels);
  const std::string change = difference(first, own, files);
  const auto changes = gather_texts<400>(group, change);
  for (std::size_t rank = 0; rank < changes.size(); ++rank) {
    if (changes[rank][0] == '\0') continue;
    throw Error(fmt::format("process {} has other pictures than process 0: {}", rank, changes[rank].data()));
  }
}

TrainingState share_state(Group& group, std::optional<TrainingState> state) {
  std::vector<std::uint8_t> bytes;
  if (state) bytes = encode_checkpoint({bart_version(), {}, {}, std::move(*state)});
  share(group, bytes);
  return decode_checkpoint(bytes).training;
}

Computers share_computers(Group& group) {
  std::array<char, 65> name{};
  ::gethostname(name.data(), name.size() - 1);
  Computers computers;
  for (const auto& host : gather_texts<65>(group, name.data())) computers.hosts.emplace_back(host.data());
  const auto instructions = gather_texts<32>(group, this_machine().instructions);
  for (std::size_t rank = 1; rank < instructions.size() && computers.difference.empty(); ++rank) {
    if (instructions[rank] == instructions[0]) continue;
    computers.difference = fmt::format(
        "Process 0 runs on a processor with {}, process {} on one with {}: the last bits of the model will "
        "differ "
        "from those that equal processors compute",
        instructions[0].data(), rank, instructions[rank].data());
  }
  return computers;
}

}  // namespace bart
