#include "bart/engine/evaluator.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "arena.h"
#include "check_arguments.h"
#include "evaluation_plan.h"
#include "evaluation_weights.h"
#include "onednn_errors.h"
#include "onednn_threads.h"
#include "parameters.h"

namespace bart {
namespace {

/// The memory of one call of evaluate() and the plans that are bound to it, by batch size and threads.
struct Scratch {
  AlignedMemory arena;
  std::map<std::pair<std::int64_t, int>, std::unique_ptr<EvaluationPlan>> plans;
};

/// This computer's processor.
struct OnProcessor {
  CompiledNetwork network;
  Parameters parameters{network};
  EvaluationWeights weights{network};
  std::mutex mutex;  // of idle
  std::vector<std::unique_ptr<Scratch>> idle;

  OnProcessor(const Architecture& architecture, const StateDict& state, const EngineOptions& options)
      : network(compile_network(architecture, options)) {
    // oneDNN converts the weights of convolutions, which takes one thread a few milliseconds. OpenMP's other
    // threads would go on spinning afterwards, beside our own.
    const OneDnnThreads one({.size = 1});
    import_state(network, state, parameters.values.floats(), parameters.statistics.floats());
    weights.update(parameters);
  }

  std::unique_ptr<Scratch> take_scratch() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<Scratch>();
    std::unique_ptr<Scratch> scratch = std::move(idle.back());
    idle.pop_back();
    return scratch;
  }

  void give_back(std::unique_ptr<Scratch> scratch) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(scratch));
  }

  EvaluationPlan& plan(Scratch& scratch, std::int64_t n, Team team) const {
    const std::pair key(n, team.size);
    const auto found = scratch.plans.find(key);
    if (found != scratch.plans.end()) return *found->second;
    return with_onednn("execute this network", [&]() -> EvaluationPlan& {
      auto plan = std::make_unique<EvaluationPlan>(network, n, team);
      if (plan->arena_bytes() >
          scratch.arena.size()) {  // growing moves it, so the earlier plans are made again
        scratch.plans.clear();
        scratch.arena = AlignedMemory();
        scratch.arena = AlignedMemory(plan->arena_bytes());
      }
      plan->bind(scratch.arena.bytes(), parameters, weights);
      return *(scratch.plans[key] = std::move(plan));
    });
  }

  void evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                std::span<float> features, Team team) {
    const OneDnnThreads threads(team);
    std::unique_ptr<Scratch> scratch = take_scratch();
    plan(*scratch, static_cast<std::int64_t>(pictures.size()), team).run(pictures, logits, features);
    give_back(std::move(scratch));
  }

  StateDict state() const {
    const OneDnnThreads threads(network.team);
    StateDict state = empty_state(network.architecture);
    export_state(network, parameters.values.floats(), parameters.statistics.floats(), state);
    return state;
  }
};

/// A device, which does one thing after the other.
struct OnDevice {
  OnDevice(const Architecture& architecture, const EngineOptions& options) : engine(architecture, options) {}

  Engine engine;
  std::mutex mutex;
};

}  // namespace

/// One of the two.
struct Evaluator::Shared {
  std::unique_ptr<OnProcessor> processor;
  std::unique_ptr<OnDevice> device;
};

Evaluator::Evaluator(const Architecture& architecture, const StateDict& state,
                     const EvaluatorOptions& options)
    : shared_(std::make_shared<Shared>()), threads_(team_of(options.threads).size) {
  const EngineOptions engine{.threads = options.threads,
                             .evaluation_precision = options.precision,
                             .exact = options.exact,
                             .device = options.device};
  if (options.device != nullptr) {
    shared_->device = std::make_unique<OnDevice>(architecture, engine);
    shared_->device->engine.load(state);
  } else {
    shared_->processor = with_onednn(
        "execute this network", [&] { return std::make_unique<OnProcessor>(architecture, state, engine); });
  }
}

void Evaluator::evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                         std::span<float> features) const {
  check_evaluation(architecture(), pictures.size(), logits.size(), features.size());
  check_pictures(pictures);
  if (pictures.empty()) return;
  if (shared_->processor != nullptr) {
    shared_->processor->evaluate(pictures, logits, features, Team{threads_});
  } else {
    const std::lock_guard lock(shared_->device->mutex);
    shared_->device->engine.evaluate_with_features(pictures, logits, features);
  }
}

Evaluator Evaluator::with_threads(int threads) const {
  Evaluator other = *this;
  other.threads_ = team_of(threads).size;
  return other;
}

StateDict Evaluator::state() const {
  if (shared_->processor != nullptr) return shared_->processor->state();
  const std::lock_guard lock(shared_->device->mutex);
  return shared_->device->engine.state();
}

const Architecture& Evaluator::architecture() const {
  return shared_->processor != nullptr ? shared_->processor->network.architecture
                                       : shared_->device->engine.architecture();
}

}  // namespace bart
