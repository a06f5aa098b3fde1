#include "traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bart {

Traffic::Traffic(const Group& group, RunObserver& observer) {
  observer.step = [this, &group, next = std::move(observer.step)](const StepRecord& step, std::size_t done,
                                                                  std::size_t total) {
    if (++steps_ == 1) before_ = group.bytes_sent();
    sent_ = group.bytes_sent() - before_;
    return next(step, done, total);
  };
}

std::string Traffic::text() const {
  return fmt::format("Process 0 sent {:.2f} MB per step",
                     1e-6 * static_cast<double>(sent_) / static_cast<double>(std::max(steps_ - 1, 1)));
}

}  // namespace bart
