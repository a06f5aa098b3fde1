#include "batch_queue.h"

#include <utility>

namespace bart {
namespace {

std::vector<NetworkAnswer> answers_to(const std::vector<NetworkInput>& batch) {
  const ServedModel& model = *batch.front().model;
  std::vector<NetworkAnswer> answers(batch.size());
  std::vector<const std::uint8_t*> pictures;
  for (const NetworkInput& input : batch) pictures.push_back(input.pixels.data());
  const std::vector<float> probabilities = model.probabilities(pictures);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto row = probabilities.begin() + static_cast<std::ptrdiff_t>(i * model.classes.size());
    answers[i].probabilities.assign(row, row + static_cast<std::ptrdiff_t>(model.classes.size()));
    if (batch[i].explained > 0)
      answers[i].explanation = model.explain(batch[i].pixels.data(), batch[i].explained);
  }
  return answers;
}

void answer(const std::vector<NetworkInput>& batch) {
  std::vector<NetworkAnswer> answers;
  std::exception_ptr error;
  try {
    answers = answers_to(batch);
  } catch (...) {
    error = std::current_exception();
  }
  for (std::size_t i = 0; i < batch.size(); ++i)
    batch[i].done(error ? NetworkAnswer{{}, {}, error} : std::move(answers[i]));
}

}  // namespace

BatchQueue::BatchQueue(std::function<void(std::size_t)> on_batch)
    : on_batch_(std::move(on_batch)), thread_([this] { run(); }) {}

void BatchQueue::end() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void BatchQueue::add(NetworkInput input) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(input));
  }
  changed_.notify_one();
}

void BatchQueue::take_next(std::vector<NetworkInput>& batch) {
  batch.clear();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
  while (!waiting_.empty() && batch.size() < most_per_batch &&
         (batch.empty() || batch.front().model == waiting_.front().model)) {
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

void BatchQueue::run() {
  std::vector<NetworkInput> batch;
  batch.reserve(most_per_batch);
  for (;;) {
    take_next(batch);
    if (batch.empty()) return;
    on_batch_(batch.size());
    answer(batch);
  }
}

}  // namespace bart
