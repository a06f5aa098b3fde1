#include "server_threads.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace bart {
namespace {

std::vector<NetworkAnswer> answers_to(const std::vector<NetworkInput>& batch, const ServedNetwork& network) {
  const std::size_t classes = batch.front().model->classes.size();
  std::vector<NetworkAnswer> answers(batch.size());
  std::vector<const std::uint8_t*> pictures;
  for (const NetworkInput& input : batch) pictures.push_back(input.pixels.data());
  const std::vector<float> probabilities = network.probabilities(pictures);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto row = probabilities.begin() + static_cast<std::ptrdiff_t>(i * classes);
    answers[i].probabilities.assign(row, row + static_cast<std::ptrdiff_t>(classes));
    if (batch[i].explained > 0)
      answers[i].explanation = network.explain(batch[i].pixels.data(), batch[i].explained);
  }
  return answers;
}

}  // namespace

ServerThreads::ServerThreads(int threads, std::function<void(std::size_t)> on_batch)
    : on_batch_(std::move(on_batch)) {
  std::unique_lock lock(mutex_);  // the threads wait until all have started
  threads_.emplace_back([this] { work_together(); });
  try {
    while (static_cast<int>(size_) < threads) {
      threads_.emplace_back([this] { work_alone(); });
      ++size_;
    }
  } catch (const std::system_error&) {  // a limit on threads: those that have started do all the work
    if (size_ > 0) return;
    lock.unlock();
    end();
    throw;
  }
}

void ServerThreads::end() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    wake();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ServerThreads::add(std::function<void()> work) {
  const std::scoped_lock lock(mutex_);
  work_.push_back(std::move(work));
  wake();
}

void ServerThreads::add(NetworkInput input) {
  const std::scoped_lock lock(mutex_);
  pictures_.push_back(std::move(input));
  wake();
}

bool ServerThreads::may_take_together() const {
  if (pictures_.empty() || together_ || alone_ > 0) return false;
  return pictures_.size() < size_ || !pictures_.front().model->on_one_thread.probabilities;
}

bool ServerThreads::may_take_alone() const {
  if (pictures_.empty() || together_ || !pictures_.front().model->on_one_thread.probabilities) return false;
  return alone_ > 0 || pictures_.size() >= size_;
}

/// What is being done may still add something.
bool ServerThreads::is_done() const {
  return ending_ && work_.empty() && pictures_.empty() && working_ + alone_ == 0 && !together_;
}

/// Later there may be no memory.
ServerThreads::Taken::Taken() {
  batch.reserve(most_together);
  left.reserve(most_together);
}

void ServerThreads::take(std::size_t most, Taken& taken) {
  auto& [batch, left] = taken;
  const bool busy = pictures_.size() >= size_;
  while (!pictures_.empty() && batch.size() < most && left.size() < most_together) {
    NetworkInput& next = pictures_.front();
    const bool unwanted = busy && next.client_left && *next.client_left;
    if (!unwanted && !batch.empty() && batch.front().model != next.model) break;
    (unwanted ? left : batch).push_back(std::move(next));
    pictures_.pop_front();
  }
}

void ServerThreads::answer(Taken& taken, bool together) {
  auto& [batch, left] = taken;
  for (NetworkInput& input : left)
    input.done({.probabilities = {}, .explanation = {}, .error = std::make_exception_ptr(ClientLeftError())});
  left.clear();
  if (batch.empty()) return;
  on_batch_(batch.size());
  std::vector<NetworkAnswer> answers;
  std::exception_ptr error;
  try {
    const ServedModel& model = *batch.front().model;
    answers = answers_to(batch, together ? model.network : model.on_one_thread);
  } catch (...) {
    error = std::current_exception();
  }
  for (std::size_t i = 0; i < batch.size(); ++i)
    batch[i].done(error ? NetworkAnswer{{}, {}, error} : std::move(answers[i]));
  batch.clear();
}

/// After each change: wakes a thread that can do something now.
void ServerThreads::wake() {
  if (is_done()) {
    alone_changed_.notify_all();
    together_changed_.notify_all();
    return;
  }
  if (may_take_together()) together_changed_.notify_one();
  if (!work_.empty() || may_take_alone()) alone_changed_.notify_one();
}

void ServerThreads::work_alone() {
  std::unique_lock lock(mutex_);
  Taken taken;
  for (;;) {
    alone_changed_.wait(lock, [this] { return !work_.empty() || may_take_alone() || is_done(); });
    if (!work_.empty()) {
      std::function<void()> work = std::move(work_.front());
      work_.pop_front();
      ++working_;
      wake();
      lock.unlock();
      work();
      work = nullptr;  // it may hold much memory
      lock.lock();
      --working_;
    } else if (may_take_alone()) {
      take(std::min(most_alone, (pictures_.size() + size_ - 1) / size_), taken);
      ++alone_;
      wake();
      lock.unlock();
      answer(taken, false);
      lock.lock();
      --alone_;
    } else {
      return;
    }
    wake();
  }
}

void ServerThreads::work_together() {
  std::unique_lock lock(mutex_);
  Taken taken;
  for (;;) {
    together_changed_.wait(lock, [this] { return may_take_together() || is_done(); });
    if (is_done()) return;
    take(most_together, taken);
    together_ = true;
    wake();
    lock.unlock();
    answer(taken, true);
    lock.lock();
    together_ = false;
    wake();
  }
}

}  // namespace bart
