#include "bench_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>

#include "bart/platform/counted.h"
#include "version.h"

namespace bart {
namespace {

using nlohmann::ordered_json;

const char* name_of(Precision precision) {
  return precision == Precision::bf16 ? "bf16" : "f32";
}

double kernel_seconds(const Limit& limit) {
  return std::accumulate(limit.kernels.begin(), limit.kernels.end(), 0.0,
                         [](double sum, const OperationTime& kernel) { return sum + kernel.seconds; });
}

/// The least that the work of one operation takes: its kernel alone, or a copy of as many bytes.
double least_seconds(const OperationTime& operation, const Limit& limit, double copy_bytes_per_second) {
  const auto kernel = std::ranges::find(limit.kernels, operation.name, &OperationTime::name);
  return kernel == limit.kernels.end() ? operation.bytes / copy_bytes_per_second : kernel->seconds;
}

/// The rows that stand for each precision side by side.
class Columns {
 public:
  explicit Columns(std::string& text, std::size_t count) : text_(text), count_(count) {}

  /// A line, if any precision has this figure.
  template <typename Figure>
  void line(const char* name, const std::vector<PrecisionBench>& precisions, const char* unit,
            const Figure& figure) {
    std::vector<std::string> cells;
    for (const PrecisionBench& its : precisions) cells.push_back(figure(its));
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

void add_network_lines(std::string& text, const BenchReport& report) {
  Columns columns(text, report.precisions.size());
  std::vector<std::string> names;
  for (const PrecisionBench& its : report.precisions) names.push_back(name_of(its.precision));
  columns.line("", names, "");
  const auto line = [&](const char* name, const char* unit, const auto& figure) {
    columns.line(name, report.precisions, unit, figure);
  };
  const double n = report.bench.batch_size;
  const auto limit_lines = [&](auto plan, auto images_per_second) {
    const auto least = [&](const PrecisionBench& its) {
      return limit_seconds((its.*plan)->limit, *report.copy_bytes_per_second);
    };
    line("  the limit", "images/s",
         [&](const PrecisionBench& its) { return its.*plan ? fmt::format("{:.1f}", n / least(its)) : ""; });
    line("    its convolutions and linears", "ms", [&](const PrecisionBench& its) {
      return its.*plan ? fmt::format("{:.1f}", 1e3 * kernel_seconds((its.*plan)->limit)) : "";
    });
    line("    its memory traffic", "ms", [&](const PrecisionBench& its) {
      return its.*plan ? fmt::format("{:.1f}", 1e3 * (least(its) - kernel_seconds((its.*plan)->limit))) : "";
    });
    line("  BART / limit", "%", [&](const PrecisionBench& its) {
      const double rate = images_per_second(its);
      return its.*plan && rate > 0 ? fmt::format("{:.0f}", 100 * rate * least(its) / n) : "";
    });
  };

  const auto training_rate = [](const PrecisionBench& its) {
    return its.training ? its.training->images_per_second : 0;
  };
  line("Training", "images/s", [&](const PrecisionBench& its) {
    return its.training ? fmt::format("{:.1f}", training_rate(its)) : "";
  });
  line("  a step", "ms", [](const PrecisionBench& its) {
    return its.training ? fmt::format("{:.1f}", 1e3 * its.training->step_seconds) : "";
  });
  limit_lines(&PrecisionBench::training_plan, training_rate);
  line("  peak memory", "MB", [](const PrecisionBench& its) {
    return its.training ? fmt::format("{:.0f}", 1e-6 * static_cast<double>(its.training->peak_memory_bytes))
                        : "";
  });
  const auto inference_rate = [](const PrecisionBench& its) {
    return its.inference ? its.inference->images_per_second : 0;
  };
  line("Inference", "images/s", [&](const PrecisionBench& its) {
    return its.inference ? fmt::format("{:.1f}", inference_rate(its)) : "";
  });
  limit_lines(&PrecisionBench::inference_plan, inference_rate);
  line("  one picture", "ms", [](const PrecisionBench& its) {
    return its.one_picture ? fmt::format("{:.2f}", 1e3 * its.one_picture->batch_seconds) : "";
  });
}

void add_other_lines(std::string& text, const BenchReport& report) {
  Columns columns(text, 1);
  for (const PictureBench& its : report.pictures) {
    const auto n = static_cast<double>(its.speed.pictures);
    const std::string threads = counted(static_cast<std::uint64_t>(its.threads), "thread", "threads");
    columns.line(fmt::format("Read, decode, resize, {}", threads).c_str(),
                 {fmt::format("{:.0f}", n / its.speed.seconds)}, "pictures/s");
    columns.line("", {fmt::format("{:.1f}", 1e-6 * static_cast<double>(its.speed.bytes) / its.speed.seconds)},
                 "MB/s of files");
    if (its.threads == 1)
      columns.line("  decoding alone", {fmt::format("{:.0f}", n / its.speed.decode_seconds)}, "pictures/s");
  }
  if (report.start_up_seconds) {
    columns.line("Process start to first answer", {fmt::format("{:.1f}", 1e3 * *report.start_up_seconds)},
                 "ms");
  }
  if (report.copy_bytes_per_second) {
    columns.line("Copying memory, read plus written",
                 {fmt::format("{:.1f}", 1e-9 * *report.copy_bytes_per_second)}, "GB/s");
  }
}

void add_operations(std::string& text, const std::string& heading, const TimedPlan& plan,
                    double copy_bytes_per_second) {
  double total = 0;
  std::size_t width = 9;
  for (const OperationTime& its : plan.operations) {
    total += its.seconds;
    width = std::max(width, its.name.size());
  }
  text += fmt::format("\n{}\n\n{:<{}}{:>9}{:>8}{:>9}{:>10}{:>8}  {}\n", heading, "Operation", width, "ms",
                      "share", "limit", "GFLOP/s", "GB/s", "Kernel");
  const auto figure = [](double value, double seconds) {
    return value > 0 && seconds > 0 ? fmt::format("{:.1f}", 1e-9 * value / seconds) : std::string();
  };
  double least = 0;
  for (const OperationTime& its : plan.operations) {
    const double at_least = least_seconds(its, plan.limit, copy_bytes_per_second);
    least += at_least;
    text += fmt::format("{:<{}}{:>9.2f}{:>7.1f}%{:>9.2f}{:>10}{:>8}  {}\n", its.name, width,
                        1e3 * its.seconds, 100 * its.seconds / total, 1e3 * at_least,
                        figure(its.flops, its.seconds), figure(its.bytes, its.seconds), its.implementation);
  }
  text += fmt::format("{:<{}}{:>9.2f}{:>8}{:>9.2f}\n", "All", width, 1e3 * total, "", 1e3 * least);
}

void add_scale(std::string& text, const BenchReport& report) {
  std::string varied;
  for (const ScaleStep& its : report.scale) {
    if (its.varied != varied) {
      varied = its.varied;
      text += fmt::format("\n{:>10}{:>10}{:>9}{:>9}{:>12}{:>10}{:>12}\n", "batch", "picture", "classes",
                          "threads", "ms a step", "images/s", "peak MB");
    }
    const NetworkBench& bench = its.bench;
    text += fmt::format("{:>10}{:>10}{:>9}{:>9}{:>12.1f}{:>10.1f}{:>12.0f}\n", bench.batch_size,
                        bench.architecture.image_size, bench.architecture.classes, bench.engine.threads,
                        1e3 * its.speed.step_seconds, its.speed.images_per_second,
                        1e-6 * static_cast<double>(its.speed.peak_memory_bytes));
  }
}

ordered_json json_of(const std::vector<OperationTime>& operations) {
  ordered_json rows = ordered_json::array();
  for (const OperationTime& its : operations) {
    rows.push_back({{"name", its.name},
                    {"implementation", its.implementation},
                    {"seconds", its.seconds},
                    {"flops", its.flops},
                    {"bytes", its.bytes}});
  }
  return rows;
}

ordered_json json_of(const TimedPlan& plan, int batch_size, double copy_bytes_per_second) {
  const double seconds = limit_seconds(plan.limit, copy_bytes_per_second);
  return {{"limit",
           {{"images_per_second", batch_size / seconds},
            {"seconds", seconds},
            {"kernel_seconds", kernel_seconds(plan.limit)},
            {"pass_bytes", plan.limit.pass_bytes},
            {"adam_bytes", plan.limit.adam_bytes},
            {"kernels", json_of(plan.limit.kernels)}}},
          {"operations", json_of(plan.operations)}};
}

ordered_json json_of(const PrecisionBench& its, const BenchReport& report) {
  ordered_json json = {{"precision", name_of(its.precision)}};
  if (its.training) {
    json["training"] = {{"images_per_second", its.training->images_per_second},
                        {"step_seconds", its.training->step_seconds},
                        {"peak_memory_bytes", its.training->peak_memory_bytes}};
  }
  if (its.inference) {
    json["inference"] = {{"images_per_second", its.inference->images_per_second},
                         {"batch_seconds", its.inference->batch_seconds}};
  }
  if (its.one_picture) json["one_picture"] = {{"seconds", its.one_picture->batch_seconds}};
  const auto add_plan = [&](const char* name, const std::optional<TimedPlan>& plan) {
    if (plan) json[name] = json_of(*plan, report.bench.batch_size, *report.copy_bytes_per_second);
  };
  add_plan("training_plan", its.training_plan);
  add_plan("inference_plan", its.inference_plan);
  return json;
}

}  // namespace

std::string bench_text(const BenchReport& report, bool operations) {
  const NetworkBench& bench = report.bench;
  std::string text = fmt::format(
      "BART {} on {} ({}), {}, batches of {}, pictures of {} x {}, {} classes\n\n", version,
      report.machine.cpu, report.machine.instructions,
      counted(static_cast<std::uint64_t>(bench.engine.threads), "thread", "threads"), bench.batch_size,
      bench.architecture.image_size, bench.architecture.image_size, bench.architecture.classes);
  if (!report.precisions.empty()) add_network_lines(text, report);
  add_other_lines(text, report);
  add_scale(text, report);
  if (!operations) return text;
  for (const PrecisionBench& its : report.precisions) {
    const auto add = [&](const char* what, const std::optional<TimedPlan>& plan) {
      if (plan)
        add_operations(text, fmt::format("{} in {}", what, name_of(its.precision)), *plan,
                       *report.copy_bytes_per_second);
    };
    add("Training", its.training_plan);
    add("Inference", its.inference_plan);
  }
  return text;
}

std::string bench_json(const BenchReport& report) {
  const NetworkBench& bench = report.bench;
  ordered_json json = {{"version", version},
                       {"cpu", report.machine.cpu},
                       {"instructions", report.machine.instructions},
                       {"threads", bench.engine.threads},
                       {"batch_size", bench.batch_size},
                       {"image_size", bench.architecture.image_size},
                       {"classes", bench.architecture.classes},
                       {"rounds", bench.rounds},
                       {"multiplies_bf16", multiplies_bf16()}};
  json["precisions"] = ordered_json::array();
  for (const PrecisionBench& its : report.precisions) json["precisions"].push_back(json_of(its, report));
  json["pictures"] = ordered_json::array();
  for (const PictureBench& its : report.pictures) {
    const auto n = static_cast<double>(its.speed.pictures);
    json["pictures"].push_back(
        {{"threads", its.threads},
         {"pictures", its.speed.pictures},
         {"bytes", its.speed.bytes},
         {"seconds", its.speed.seconds},
         {"pictures_per_second", n / its.speed.seconds},
         {"bytes_per_second", static_cast<double>(its.speed.bytes) / its.speed.seconds},
         {"decoding_alone_per_second", n / its.speed.decode_seconds}});
  }
  if (report.start_up_seconds) json["start_up_seconds"] = *report.start_up_seconds;
  if (report.copy_bytes_per_second) json["copy_bytes_per_second"] = *report.copy_bytes_per_second;
  json["scale"] = ordered_json::array();
  for (const ScaleStep& its : report.scale) {
    json["scale"].push_back({{"varied", its.varied},
                             {"batch_size", its.bench.batch_size},
                             {"image_size", its.bench.architecture.image_size},
                             {"classes", its.bench.architecture.classes},
                             {"threads", its.bench.engine.threads},
                             {"step_seconds", its.speed.step_seconds},
                             {"images_per_second", its.speed.images_per_second},
                             {"peak_memory_bytes", its.speed.peak_memory_bytes}});
  }
  return json.dump(2) + "\n";
}

}  // namespace bart
