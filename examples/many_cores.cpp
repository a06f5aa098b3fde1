// Predicts how long a training step takes on more cores than this computer has, as a Markdown table. An
// engine that shares its work among so many threads runs on one thread here, piece by piece; then the pieces
// of each operation are given to the threads in order, each to the first that is free.
//
// build/examples/many_cores [f32|bf16 [BATCH]]
//
// An operation takes as long as its pieces and, after each sharing of work, `barrier_seconds`; and no less
// than its bytes need at the memory's speed. What an operation does outside of the pieces, one thread does
// alone.

#include <bart/engine/processor.h>
#include <bart/engine/work_log.h>
#include <bart/network/dropout.h>
#include <bart/platform/error.h>
#include <bart/platform/timing.h>
#include <bart/random/mt19937.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <numeric>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int rounds = 3;
constexpr std::array cores = {1, 2, 8, 32, 128};
// Threads that spin see a change within a microsecond or two, those of another socket included.
constexpr double barrier_seconds = 2e-6;

/// What the memory of such a server gives: two channels of DDR5 for 8 cores, 8 for 32, 12 for 128, at 25
/// GB/s.
double bytes_per_second(int threads) {
  return threads <= 8 ? 50e9 : threads <= 32 ? 200e9 : 300e9;
}

/// Of an operation, or of several of a kind. In seconds.
struct Time {
  double whole = 0;   // predicted
  double serial = 0;  // of it: one thread works alone
  double ideal = 0;   // the work divided by the number of threads
};

double makespan(const std::vector<double>& pieces, int threads) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  for (int thread = 0; thread < threads; ++thread) free.push(0);
  double last = 0;
  for (const double piece : pieces) {
    const double end = free.top() + piece;
    free.pop();
    free.push(end);
    last = std::max(last, end);
  }
  return last;
}

std::string kind_of(const bart::Operation& operation) {
  const std::string& name = operation.name;
  if (operation.implementation.ends_with("picture by picture")) return "the first blocks, picture by picture";
  const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  if (name == "Adam") return "Adam";
  if (has("classification_head") && (has("forward") || has("backward")) && !has("ReLU"))
    return "linear layers";
  if (has("block1.0 ") || has("block1.1 ")) return "the first layer";
  if (has("ReLU") || has("statistics")) return "BatchNorm, ReLU, pooling, dropout";
  if (has("block")) return "convolutions";
  return "loss, masks";
}

Time predicted(double seconds, const std::vector<bart::SharedWork>& works, double bytes, int threads) {
  double shared = 0, parallel = 0;
  for (const bart::SharedWork& work : works) {
    shared += std::accumulate(work.piece_seconds.begin(), work.piece_seconds.end(), 0.0);
    parallel += makespan(work.piece_seconds, threads) + (threads > 1 ? barrier_seconds : 0);
  }
  const double serial = std::max(0.0, seconds - shared);
  return {std::max(parallel + serial, bytes / bytes_per_second(threads)), serial,
          (shared + serial) / threads};
}

std::map<std::string, Time> step_on(int threads, bart::Precision precision, int batch_size) {
  const bart::Architecture architecture{.classes = 42};
  bart::ProcessorBackend backend(architecture, {.threads = threads, .precision = precision});
  bart::Mt19937 words(10);
  backend.load(bart::initial_state(architecture, words));
  const std::size_t bytes = 128 * 128 * 3, n = static_cast<std::size_t>(batch_size);
  std::vector<std::uint8_t> pixels(n * bytes);
  for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(words.next() >> 24);
  std::vector<const std::uint8_t*> pictures;
  for (std::size_t i = 0; i < n; ++i) pictures.push_back(pixels.data() + i * bytes);
  std::vector<std::int32_t> labels(n);
  for (std::int32_t& label : labels) label = static_cast<std::int32_t>(words.next() % 42);
  const bart::DropoutMasks masks = bart::draw_dropout_masks(architecture, batch_size, words);

  bart::WorkLog log;
  std::map<std::string, Time> kinds;
  const bart::Batch batch{.pictures = pictures, .labels = labels};
  const std::vector<bart::Operation> operations = backend.step_operations(batch, masks);
  std::vector<Time> best(operations.size(), {.whole = 1e9});
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
      log.works.clear();
      const double seconds = bart::seconds_of(operations[i].run);
      const Time time = predicted(seconds, log.works, operations[i].bytes, threads);
      if (time.whole < best[i].whole) best[i] = time;
    }
  }
  for (std::size_t i = 0; i < operations.size(); ++i) {
    Time& kind = kinds[kind_of(operations[i])];
    kind.whole += best[i].whole;
    kind.serial += best[i].serial;
    kind.ideal += best[i].ideal;
  }
  return kinds;
}

void print(bart::Precision precision, int batch_size) {
  std::vector<std::map<std::string, Time>> steps;
  for (const int threads : cores) steps.push_back(step_on(threads, precision, batch_size));
  const auto sum = [](const std::map<std::string, Time>& step, double Time::*member) {
    double all = 0;
    for (const auto& [kind, time] : step) all += time.*member;
    return all;
  };
  const auto row = [&](const char* name, const auto& cell) {
    std::printf("| %s |", name);
    for (std::size_t k = 0; k < cores.size(); ++k) std::printf(" %s |", cell(k).c_str());
    std::printf("\n");
  };
  const auto number = [](const char* format, double value) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), format, value);
    return std::string(text.data());
  };
  row("cores", [&](std::size_t k) { return std::to_string(cores[k]); });
  row("---", [](std::size_t) { return std::string("---:"); });
  row("ms per step", [&](std::size_t k) { return number("%.1f", 1e3 * sum(steps[k], &Time::whole)); });
  row("times as fast as one core", [&](std::size_t k) {
    return number("%.1f", sum(steps[0], &Time::whole) / sum(steps[k], &Time::whole));
  });
  std::set<std::string> kinds;
  for (const auto& step : steps) {
    for (const auto& [kind, time] : step) kinds.insert(kind);
  }
  for (const std::string& kind : kinds) {
    row(kind.c_str(), [&](std::size_t k) {
      const auto found = steps[k].find(kind);
      const Time time = found == steps[k].end() ? Time{} : found->second;
      return number("%.2f ms", 1e3 * time.whole) +
             number(", %.1f %%", 100 * time.whole / sum(steps[k], &Time::whole));
    });
  }
  // An engine of one thread shares nothing out.
  row("one thread works alone", [&](std::size_t k) {
    return cores[k] == 1
               ? std::string()
               : number("%.1f %%", 100 * sum(steps[k], &Time::serial) / sum(steps[k], &Time::whole));
  });
  row("threads wait for the last piece, or for memory", [&](std::size_t k) {
    const double whole = sum(steps[k], &Time::whole);
    return cores[k] == 1
               ? std::string()
               : number("%.1f %%",
                        100 * (whole - sum(steps[k], &Time::serial) - sum(steps[k], &Time::ideal)) / whole);
  });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string_view precision = argc > 1 ? argv[1] : "f32";
    print(precision == "bf16" ? bart::Precision::bf16 : bart::Precision::f32,
          argc > 2 ? std::atoi(argv[2]) : 32);
    return 0;
  } catch (const bart::Error& error) {
    std::fprintf(stderr, "many_cores: %s\n", error.what());
    return 1;
  }
}
