#pragma once

#include <cstddef>
#include <optional>

namespace bart {

/// How many pictures a training visits.
struct TrainingWork {
  std::size_t train = 0;       // over all epochs
  std::size_t validation = 0;  // over all validations
};

/// Estimates how long the rest of a training takes, from the time that its pictures have taken so far. Times
/// are in seconds of any clock.
class TimeLeft {
 public:
  /// `done` is what was done before, by a training that is resumed.
  TimeLeft(const TrainingWork& all, const TrainingWork& done, double now);

  /// The number of pictures that were trained on, or validated on, so far, including those done before.
  void trained(std::size_t pictures, double now);
  void validated(std::size_t pictures, double now);

  /// The share of the whole time that is over, from 0 to 1.
  double share() const;
  /// Nothing before the first picture.
  std::optional<double> seconds() const;

 private:
  struct Part {
    std::size_t all, before, done;
    double seconds = 0;
    std::size_t left() const { return all > done ? all - done : 0; }
  };
  void update(Part& part, std::size_t pictures, double now);
  double cost(const Part& part) const;

  Part train_, validation_;
  double last_;
};

}  // namespace bart
