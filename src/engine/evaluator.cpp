#include "bart/engine/evaluator.h"

#include <omp.h>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "arena.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"
#include "evaluation_plan.h"
#include "evaluation_weights.h"
#include "parameters.h"
#include "with_onednn.h"

namespace bart {
namespace {

EngineOptions engine_options(const EvaluatorOptions& options) {
  if (options.threads < 0) throw Error(fmt::format("an evaluator cannot have {} threads", options.threads));
  return {.threads = options.threads == 0 ? available_threads() : options.threads,
          .evaluation_precision = options.precision,
          .exact = options.exact};
}

/// The memory of one call of evaluate() and the plans that are bound to it, by batch size.
struct Scratch {
  AlignedMemory arena;
  std::map<std::int64_t, std::unique_ptr<EvaluationPlan>> plans;
};

}  // namespace

struct Evaluator::Shared {
  dnnl::engine device{dnnl::engine::kind::cpu, 0};
  CompiledNetwork network;
  Parameters parameters;
  EvaluationWeights weights{network};
  std::mutex mutex;  // of idle
  std::vector<std::unique_ptr<Scratch>> idle;

  Shared(const Architecture& architecture, const EngineOptions& options)
      : network(compile_network(architecture, device, options)) {
    parameters.values = AlignedMemory(network.parameter_count * sizeof(float));
    parameters.statistics = AlignedMemory(network.statistic_count * sizeof(float));
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

  EvaluationPlan& plan(Scratch& scratch, std::int64_t n) const {
    const auto found = scratch.plans.find(n);
    if (found != scratch.plans.end()) return *found->second;
    return with_onednn("execute this network", [&]() -> EvaluationPlan& {
      auto plan = std::make_unique<EvaluationPlan>(network, device, n);
      if (plan->arena_bytes() > scratch.arena.size()) {  // growing moves it: earlier plans are made again
        scratch.plans.clear();
        scratch.arena = AlignedMemory();
        scratch.arena = AlignedMemory(plan->arena_bytes());
      }
      plan->bind(scratch.arena.bytes(), parameters, weights);
      return *(scratch.plans[n] = std::move(plan));
    });
  }
};

Evaluator::Evaluator(const Architecture& architecture, const StateDict& state,
                     const EvaluatorOptions& options) {
  if (options.exact && options.precision != Precision::f32) throw Error("an evaluator is exact in f32 only");
  const EngineOptions settled = engine_options(options);
  omp_set_num_threads(settled.threads);
  shared_ =
      with_onednn("execute this network", [&] { return std::make_shared<Shared>(architecture, settled); });
  import_state(shared_->network, shared_->device, state, shared_->parameters.values.floats(),
               shared_->parameters.statistics.floats());
  shared_->weights.update(shared_->device, shared_->parameters);
}

void Evaluator::evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                         std::span<float> features) const {
  check_evaluation(shared_->network, pictures.size(), logits.size(), features.size());
  if (pictures.empty()) return;
  // Every call may come from another thread, whose OpenMP settings are its own.
  omp_set_num_threads(shared_->network.threads);
  std::unique_ptr<Scratch> scratch = shared_->take_scratch();
  shared_->plan(*scratch, static_cast<std::int64_t>(pictures.size())).run(pictures, logits, features);
  shared_->give_back(std::move(scratch));
}

const Architecture& Evaluator::architecture() const {
  return shared_->network.architecture;
}

}  // namespace bart
