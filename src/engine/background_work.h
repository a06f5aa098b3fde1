#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace bart {

/// A thread that does one piece of work after another, in the order in which they were handed to it. It
/// mostly waits, for other processes.
class BackgroundWork {
 public:
  BackgroundWork();
  ~BackgroundWork();  // when the piece in hand is done; later ones are dropped
  BackgroundWork(const BackgroundWork&) = delete;
  BackgroundWork& operator=(const BackgroundWork&) = delete;

  void begin(std::function<void()> work);
  /// Returns when everything that was begun is done. Rethrows the first exception, after which the rest was
  /// dropped.
  void wait();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool busy_ = false, ends_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace bart
