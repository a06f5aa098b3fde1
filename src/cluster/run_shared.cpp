#include <algorithm>
#include <string_view>
#include <vector>

#include "bart/cluster/join.h"
#include "bart/cluster/launched.h"
#include "bart/platform/hash.h"
#include "bart/platform/share_out.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

constexpr std::string_view version = BART_PLUGIN_VERSION;

void check_same_version(Group& group) {
  const std::vector<std::uint8_t> bytes(version.begin(), version.end());
  check_same(
      group, hash_of(bytes),
      "this process is of another version of BART than process 0: install the same version everywhere");
}

}  // namespace

std::unique_ptr<JoinedGroup> join_launched(std::chrono::seconds timeout, int& threads) {
  const auto found = launched();
  if (!found || found->size == 1) return nullptr;
  if (threads == 0) threads = std::max(1, available_threads() / found->local_size);
  return join_group(timeout);
}

int run_shared(bool shared, int timeout, int& threads, const std::function<int(Group*)>& command) {
  if (!shared) return is_further_process() ? 0 : command(nullptr);
  const auto group = join_launched(std::chrono::seconds(timeout), threads);
  if (group == nullptr) return command(nullptr);
  int code = 0;
  try {
    check_same_version(*group);
    code = command(group.get());
  } catch (const EndedByAnother&) {
    wait_for_the_end(*group);
    return 1;
  } catch (const GroupError&) {
    throw;
  } catch (...) {
    if (speaks_for_all(*group)) throw;
    wait_for_the_end(*group);
    return 1;
  }
  group->leave();
  return code;
}

}  // namespace bart
