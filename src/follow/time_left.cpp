#include "time_left.h"

#include <algorithm>

namespace bart {
namespace {

/// A validation computes the forward pass only, which is about a third of a training step.
constexpr double validation_cost = 1.0 / 3;

}  // namespace

TimeLeft::TimeLeft(const TrainingWork& all, const TrainingWork& done, double now)
    : train_{all.train, done.train, done.train},
      validation_{all.validation, done.validation, done.validation},
      last_(now) {}

void TimeLeft::update(Part& part, std::size_t pictures, double now) {
  part.done = std::max(part.done, pictures);
  part.seconds += std::max(0.0, now - last_);
  last_ = now;
}

void TimeLeft::trained(std::size_t pictures, double now) {
  update(train_, pictures, now);
}

void TimeLeft::validated(std::size_t pictures, double now) {
  update(validation_, pictures, now);
}

/// Seconds per picture; in units of a training picture while nothing is measured.
double TimeLeft::cost(const Part& part) const {
  const std::size_t measured = part.done - part.before;
  if (measured > 0) return part.seconds / static_cast<double>(measured);
  if (&part == &validation_) return validation_cost * cost(train_);
  return validation_.done > validation_.before ? cost(validation_) / validation_cost : 1;
}

double TimeLeft::share() const {
  const double train = cost(train_), validation = cost(validation_);
  const double done =
      train * static_cast<double>(train_.done) + validation * static_cast<double>(validation_.done);
  const double left =
      train * static_cast<double>(train_.left()) + validation * static_cast<double>(validation_.left());
  return done + left > 0 ? done / (done + left) : 0;
}

std::optional<double> TimeLeft::seconds() const {
  if (train_.done == train_.before && validation_.done == validation_.before) return std::nullopt;
  return cost(train_) * static_cast<double>(train_.left()) +
         cost(validation_) * static_cast<double>(validation_.left());
}

}  // namespace bart
