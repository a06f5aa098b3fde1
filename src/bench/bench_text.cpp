#include "bart/bench/bench_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "bart/bench/processor_wait.h"
#include "bart/engine/precision_text.h"
#include "bart/platform/counted.h"
#include "bart/record/version.h"

namespace bart {
namespace {

using nlohmann::ordered_json;

double kernel_seconds(const Limit& limit) {
  return std::accumulate(limit.kernels.begin(), limit.kernels.end(), 0.0,
                         [](double sum, const OperationTime& kernel) { return sum + kernel.seconds; });
}

/// The least time that the work of one operation takes: that of its kernels alone, or of copying as many
/// bytes.
double least_seconds(const OperationTime& operation, const Limit& limit, double copy_bytes_per_second) {
  double seconds = 0;
  for (const OperationTime& kernel : limit.kernels) {
    if (kernel.name == operation.name ||
        std::ranges::find(operation.kernels, kernel.name) != operation.kernels.end())
      seconds += kernel.seconds;
  }
  return seconds > 0 ? seconds : operation.bytes / copy_bytes_per_second;
}

/// Rows with one column per precision.
class Columns {
 public:
  explicit Columns(std::string& text, std::size_t count) : text_(text), count_(count) {}

  /// Adds a line if any precision has this figure.
  template <typename Figure>
  void line(const char* name, const std::vector<PrecisionBench>& precisions, const char* unit,
            const Figure& figure) {
    std::vector<std::string> cells;
    for (const PrecisionBench& row : precisions) cells.push_back(figure(row));
    if (std::ranges::all_of(cells, [](const std::string& cell) { return cell.empty(); })) return;
    line(name, cells, unit);
  }
  void line(const char* name, std::vector<std::string> cells, const char* unit) {
    cells.resize(count_);
    text_ += fmt::format("{:<34}", name);
    for (const std::string& cell : cells) text_ += fmt::format("{:>12}", cell);
    text_ += fmt::format("  {}\n", unit);
  }

 private:
  std::string& text_;
  std::size_t count_;
};

/// The results of training and inference, with one column per precision.
class NetworkLines {
 public:
  NetworkLines(std::string& text, const BenchReport& report)
      : report_(report), columns_(text, report.precisions.size()) {
    std::vector<std::string> names;
    for (const PrecisionBench& row : report.precisions) names.emplace_back(precision_text(row.precision));
    columns_.line("", names, "");
  }

  void add_training() {
    const auto rate = [](const PrecisionBench& row) {
      return row.training ? row.training->images_per_second : 0;
    };
    line("Training", "images/s", "{:.1f}", above_zero(rate));
    line("  a step", "ms", "{:.1f}", [](const PrecisionBench& row) {
      return row.training ? std::optional(1e3 * row.training->step_seconds) : std::nullopt;
    });
    add_limit(&PrecisionBench::training_plan, rate);
    line(report_.gpu.empty() ? "  peak memory" : "  peak memory beside the GPU's", "MB", "{:.0f}",
         [](const PrecisionBench& row) {
           return row.training ? std::optional(1e-6 * static_cast<double>(row.training->peak_memory_bytes))
                               : std::nullopt;
         });
  }

  void add_inference() {
    const auto rate = [](const PrecisionBench& row) {
      return row.inference ? row.inference->images_per_second : 0;
    };
    line("Inference", "images/s", "{:.1f}", above_zero(rate));
    add_limit(&PrecisionBench::inference_plan, rate);
    line("  one picture", "ms", "{:.2f}", [](const PrecisionBench& row) {
      return row.one_picture ? std::optional(1e3 * row.one_picture->batch_seconds) : std::nullopt;
    });
  }

 private:
  using Plan = std::optional<TimedPlan> PrecisionBench::*;
  using Rate = std::function<double(const PrecisionBench&)>;  // images per second; 0: not measured
  using Figure = std::function<std::optional<double>(const PrecisionBench&)>;

  static Figure above_zero(const Rate& rate) {
    return
        [rate](const PrecisionBench& row) { return rate(row) > 0 ? std::optional(rate(row)) : std::nullopt; };
  }

  void line(const char* name, const char* unit, const char* format, const Figure& figure) {
    columns_.line(name, report_.precisions, unit, [&](const PrecisionBench& row) {
      const std::optional<double> value = figure(row);
      return value ? fmt::format(fmt::runtime(format), *value) : std::string();
    });
  }

  /// The least time of a plan as a rate in images per second, and BART's rate as a share of that.
  void add_least(const char* name, const char* share, const Rate& rate, const Figure& seconds) {
    const double n = report_.bench.batch_size;
    line(name, "images/s", "{:.1f}", [&](const PrecisionBench& row) {
      const std::optional<double> least = seconds(row);
      return least ? std::optional(n / *least) : std::nullopt;
    });
    line(share, "%", "{:.0f}", [&](const PrecisionBench& row) {
      const std::optional<double> least = seconds(row);
      return least && rate(row) > 0 ? std::optional(100 * rate(row) * *least / n) : std::nullopt;
    });
  }

  void add_limit(Plan plan, const Rate& rate) {
    const auto of_plan = [plan](const auto& figure) {
      return [plan, figure](const PrecisionBench& row) {
        return row.*plan ? std::optional<double>(figure(*(row.*plan))) : std::nullopt;
      };
    };
    const auto seconds = [this](const TimedPlan& timed) {
      return limit_seconds(timed.limit, *report_.copy_bytes_per_second);
    };
    add_least("  the limit", "  BART / limit", rate, of_plan(seconds));
    line("    its convolutions and linears", "ms", "{:.1f}",
         of_plan([](const TimedPlan& timed) { return 1e3 * kernel_seconds(timed.limit); }));
    line("    its memory traffic", "ms", "{:.1f}", of_plan([&](const TimedPlan& timed) {
           return 1e3 * (seconds(timed) - kernel_seconds(timed.limit));
         }));
    add_least("  the bound of its multiplications", "  BART / bound", rate, [&](const PrecisionBench& row) {
      return row.*plan ? bound_seconds((row.*plan)->operations, report_.peak) : std::nullopt;
    });
  }

  const BenchReport& report_;
  Columns columns_;
};

void add_other_lines(std::string& text, const BenchReport& report) {
  Columns columns(text, 1);
  for (const PictureBench& row : report.pictures) {
    const auto n = static_cast<double>(row.speed.pictures);
    const std::string threads = counted(static_cast<std::uint64_t>(row.threads), "thread", "threads");
    columns.line(fmt::format("Read, decode, resize, {}", threads).c_str(),
                 {fmt::format("{:.0f}", n / row.speed.seconds)}, "pictures/s");
    columns.line("", {fmt::format("{:.1f}", 1e-6 * static_cast<double>(row.speed.bytes) / row.speed.seconds)},
                 "MB/s of files");
    if (row.threads == 1)
      columns.line("  decoding alone", {fmt::format("{:.0f}", n / row.speed.decode_seconds)}, "pictures/s");
  }
  if (report.start_up_seconds) {
    columns.line("Process start to first answer", {fmt::format("{:.1f}", 1e3 * *report.start_up_seconds)},
                 "ms");
  }
  if (report.copy_bytes_per_second) {
    columns.line("Copying memory, read plus written",
                 {fmt::format("{:.1f}", 1e-9 * *report.copy_bytes_per_second)}, "GB/s");
  }
  const auto add_peak = [&](const char* name, const std::optional<double>& peak) {
    if (peak) columns.line(name, {fmt::format("{:.0f}", 1e-9 * *peak)}, "G/s");
  };
  add_peak("Multiplications in f32, at most", report.peak.f32);
  add_peak("Multiplications in bf16, at most", report.peak.bf16);
}

/// Says whether other work on the machine makes the figures worse.
void add_busy_note(std::string& text, const BenchReport& report) {
  if (!report.waited || *report.waited < busy_share) return;
  text += fmt::format(
      "\nThis machine was busy: BART waited {:.0f} % of the time for a processor that had other work. A "
      "quiet machine\ngives higher figures, and ratios measured now cannot be trusted. Stop the other work "
      "and measure again.\n",
      100 * *report.waited);
}

void add_operations(std::string& text, const std::string& heading, const TimedPlan& plan,
                    double copy_bytes_per_second) {
  double total = 0;
  std::size_t width = 9;
  for (const OperationTime& row : plan.operations) {
    total += row.seconds;
    width = std::max(width, row.name.size());
  }
  text += fmt::format("\n{}\n\n{:<{}}{:>9}{:>8}{:>9}{:>10}{:>8}  {}\n", heading, "Operation", width, "ms",
                      "share", "limit", "GFLOP/s", "GB/s", "Kernel");
  const auto figure = [](double value, double seconds) {
    return value > 0 && seconds > 0 ? fmt::format("{:.1f}", 1e-9 * value / seconds) : std::string();
  };
  double least = 0;
  for (const OperationTime& row : plan.operations) {
    const double at_least = least_seconds(row, plan.limit, copy_bytes_per_second);
    least += at_least;
    text += fmt::format("{:<{}}{:>9.2f}{:>7.1f}%{:>9.2f}{:>10}{:>8}  {}\n", row.name, width,
                        1e3 * row.seconds, 100 * row.seconds / total, 1e3 * at_least,
                        figure(row.flops, row.seconds), figure(row.bytes, row.seconds), row.implementation);
  }
  text += fmt::format("{:<{}}{:>9.2f}{:>8}{:>9.2f}\n", "All", width, 1e3 * total, "", 1e3 * least);
}

void add_scale(std::string& text, const BenchReport& report) {
  std::string varied;
  for (const ScaleStep& row : report.scale) {
    if (row.varied != varied) {
      varied = row.varied;
      text += fmt::format("\n{:>10}{:>10}{:>9}{:>9}{:>12}{:>10}{:>12}\n", "batch", "picture", "classes",
                          "threads", "ms a step", "images/s", "peak MB");
    }
    const NetworkBench& bench = row.bench;
    text += fmt::format("{:>10}{:>10}{:>9}{:>9}{:>12.1f}{:>10.1f}{:>12.0f}\n", bench.batch_size,
                        bench.architecture.image_size, bench.architecture.classes, bench.engine.threads,
                        1e3 * row.speed.step_seconds, row.speed.images_per_second,
                        1e-6 * static_cast<double>(row.speed.peak_memory_bytes));
  }
}

void add_shared(std::string& text, const BenchReport& report) {
  if (report.shared.empty()) return;
  const SharedStep& alone = report.shared.front();
  text += fmt::format(
      "\nBatches shared by several computers like this one; one alone needs {:.1f} ms per step\n"
      "{:>10}{:>12}{:>13}{:>15}{:>25}{:>25}\n",
      1e3 * alone.speed.step_seconds, "processes", "network", "ms per step", "times as fast",
      "sent, waiting (calls)", "sent meanwhile (calls)");
  const auto sent = [](double bytes, double calls) {
    return fmt::format("{:.3f} MB ({:.0f})", 1e-6 * bytes, calls);
  };
  for (const SharedStep& row : std::span(report.shared).subspan(1)) {
    const std::string network = row.link.bits_per_second > 0
                                    ? fmt::format("{:.0f} Gbit/s", std::ceil(1e-9 * row.link.bits_per_second))
                                    : std::string("no time");
    text += fmt::format("{:>10}{:>12}{:>13.1f}{:>15.2f}{:>25}{:>25}\n", row.processes, network,
                        1e3 * row.speed.step_seconds, alone.speed.step_seconds / row.speed.step_seconds,
                        sent(row.waited_bytes, row.waited_calls),
                        sent(row.background_bytes, row.background_calls));
  }
}

ordered_json json_of(const std::vector<OperationTime>& operations) {
  ordered_json rows = ordered_json::array();
  for (const OperationTime& row : operations) {
    rows.push_back({{"name", row.name},
                    {"implementation", row.implementation},
                    {"seconds", row.seconds},
                    {"flops", row.flops},
                    {"bytes", row.bytes},
                    {"multiplications", row.multiplications}});
  }
  return rows;
}

ordered_json json_of(const TimedPlan& plan, const BenchReport& report) {
  const int batch_size = report.bench.batch_size;
  const double seconds = limit_seconds(plan.limit, *report.copy_bytes_per_second);
  const std::optional<double> bound = bound_seconds(plan.operations, report.peak);
  return {{"bound_seconds", bound ? ordered_json(*bound) : ordered_json()},
          {"limit",
           {{"images_per_second", batch_size / seconds},
            {"seconds", seconds},
            {"kernel_seconds", kernel_seconds(plan.limit)},
            {"pass_bytes", plan.limit.pass_bytes},
            {"adam_bytes", plan.limit.adam_bytes},
            {"kernels", json_of(plan.limit.kernels)}}},
          {"operations", json_of(plan.operations)}};
}

ordered_json json_of(const PrecisionBench& row, const BenchReport& report) {
  ordered_json json = {{"precision", precision_text(row.precision)}};
  if (row.training) {
    json["training"] = {{"images_per_second", row.training->images_per_second},
                        {"step_seconds", row.training->step_seconds},
                        {"peak_memory_bytes", row.training->peak_memory_bytes}};
  }
  if (row.inference) {
    json["inference"] = {{"images_per_second", row.inference->images_per_second},
                         {"batch_seconds", row.inference->batch_seconds}};
  }
  if (row.one_picture) json["one_picture"] = {{"seconds", row.one_picture->batch_seconds}};
  const auto add_plan = [&](const char* name, const std::optional<TimedPlan>& plan) {
    if (plan) json[name] = json_of(*plan, report);
  };
  add_plan("training_plan", row.training_plan);
  add_plan("inference_plan", row.inference_plan);
  return json;
}

}  // namespace

std::string bench_text(const BenchReport& report, bool operations) {
  const NetworkBench& bench = report.bench;
  std::string text = fmt::format(
      "BART {} on {}{} ({}), {}, batches of {}, pictures of {} x {}, {} classes\n\n", bart_version(),
      report.gpu.empty() ? "" : report.gpu + " and ", report.machine.cpu, report.machine.instructions,
      counted(static_cast<std::uint64_t>(bench.engine.threads), "thread", "threads"), bench.batch_size,
      bench.architecture.image_size, bench.architecture.image_size, bench.architecture.classes);
  if (!report.precisions.empty()) {
    NetworkLines lines(text, report);
    lines.add_training();
    lines.add_inference();
  }
  add_other_lines(text, report);
  add_scale(text, report);
  add_shared(text, report);
  if (!report.gpu.empty()) {
    text +=
        "\nThe limit of a GPU is the time of the same multiplications in its fastest product of large "
        "matrices, "
        "and of\nthe memory traffic at the speed of a copy. Its operations and the bound are not measured.\n";
  }
  add_busy_note(text, report);
  if (!operations) return text;
  for (const PrecisionBench& row : report.precisions) {
    const auto add = [&](const char* what, const std::optional<TimedPlan>& plan) {
      if (plan)
        add_operations(text, fmt::format("{} in {}", what, precision_text(row.precision)), *plan,
                       *report.copy_bytes_per_second);
    };
    add("Training", row.training_plan);
    add("Inference", row.inference_plan);
  }
  return text;
}

std::string bench_json(const BenchReport& report) {
  const NetworkBench& bench = report.bench;
  ordered_json json = {{"version", bart_version()},
                       {"cpu", report.machine.cpu},
                       {"instructions", report.machine.instructions},
                       {"gpu", report.gpu.empty() ? ordered_json() : ordered_json(report.gpu)},
                       {"threads", bench.engine.threads},
                       {"batch_size", bench.batch_size},
                       {"image_size", bench.architecture.image_size},
                       {"classes", bench.architecture.classes},
                       {"rounds", bench.rounds},
                       {"multiplies_bf16", multiplies_bf16()}};
  json["precisions"] = ordered_json::array();
  for (const PrecisionBench& row : report.precisions) json["precisions"].push_back(json_of(row, report));
  json["pictures"] = ordered_json::array();
  for (const PictureBench& row : report.pictures) {
    const auto n = static_cast<double>(row.speed.pictures);
    json["pictures"].push_back(
        {{"threads", row.threads},
         {"pictures", row.speed.pictures},
         {"bytes", row.speed.bytes},
         {"seconds", row.speed.seconds},
         {"pictures_per_second", n / row.speed.seconds},
         {"bytes_per_second", static_cast<double>(row.speed.bytes) / row.speed.seconds},
         {"decoding_alone_per_second", n / row.speed.decode_seconds}});
  }
  if (report.start_up_seconds) json["start_up_seconds"] = *report.start_up_seconds;
  if (report.copy_bytes_per_second) json["copy_bytes_per_second"] = *report.copy_bytes_per_second;
  if (report.peak.f32) json["f32_multiplications_per_second"] = *report.peak.f32;
  if (report.peak.bf16) json["bf16_multiplications_per_second"] = *report.peak.bf16;
  if (report.waited) {
    json["waited_share"] = *report.waited;
    json["busy"] = *report.waited >= busy_share;
  }
  json["scale"] = ordered_json::array();
  for (const ScaleStep& row : report.scale) {
    json["scale"].push_back({{"varied", row.varied},
                             {"batch_size", row.bench.batch_size},
                             {"image_size", row.bench.architecture.image_size},
                             {"classes", row.bench.architecture.classes},
                             {"threads", row.bench.engine.threads},
                             {"step_seconds", row.speed.step_seconds},
                             {"images_per_second", row.speed.images_per_second},
                             {"peak_memory_bytes", row.speed.peak_memory_bytes}});
  }
  json["shared"] = ordered_json::array();
  for (const SharedStep& row : report.shared) {
    json["shared"].push_back({{"processes", row.processes},
                              {"bits_per_second", row.link.bits_per_second},
                              {"latency_seconds", row.link.latency_seconds},
                              {"step_seconds", row.speed.step_seconds},
                              {"waited_bytes", row.waited_bytes},
                              {"waited_calls", row.waited_calls},
                              {"background_bytes", row.background_bytes},
                              {"background_calls", row.background_calls}});
  }
  return json.dump(2) + "\n";
}

}  // namespace bart
