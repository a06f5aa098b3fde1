#include "bart/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "bart/formats/safetensors.h"
#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "bart/record/epoch_figures.h"

namespace bart {
namespace {

constexpr const char* format_name = "bart-checkpoint-2";
/// The first format stores the figures of the first version per epoch, without their names, and neither
/// learning rates nor gradient norms.
constexpr const char* first_format_name = "bart-checkpoint-1";
constexpr std::size_t checksum_bytes = 8;
constexpr std::string_view setting_prefix = "setting.";

// Names of tensors, or their prefixes.
constexpr const char* model = "model.";
constexpr const char* exp_avg = "adam.exp_avg.";
constexpr const char* exp_avg_sq = "adam.exp_avg_sq.";
constexpr const char* average = "average.";
constexpr const char* average_updates = "average_updates";
constexpr const char* generator = "generator";
constexpr const char* order = "order";
constexpr const char* step_losses = "steps.loss";
constexpr const char* step_epochs = "steps.epoch";
constexpr const char* step_rates = "steps.learning_rate";  // the bits of doubles, as in all that follow
constexpr const char* step_norms = "steps.gradient_norm";
constexpr const char* epoch_records = "epochs";  // [epochs, figures]; the metadata "figures" names them
constexpr const char* data_names = "data.names";
constexpr const char* data_pixels = "data.pixels";
constexpr const char* checksum = "checksum";

/// A setting may be a path, which may hold any bytes, but JSON takes only UTF-8. So "%" and everything
/// outside ASCII are written as in a URL: "%E4".
std::string ascii(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80 || c == '%') {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      encoded += c;
    }
  }
  return encoded;
}

std::string from_ascii(const std::string& encoded) {
  std::string text;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      text += encoded[i];
      continue;
    }
    unsigned value = 0;
    const char* const first = encoded.data() + i + 1;
    if (encoded.size() < i + 3 || std::from_chars(first, first + 2, value, 16).ptr != first + 2) {
      throw Error(fmt::format("the checkpoint's setting \"{}\" is not a text", encoded));
    }
    text += static_cast<char>(value);
    i += 2;
  }
  return text;
}

Tensor integers(const char* name, std::vector<std::int64_t> values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return {name, {n}, std::move(values)};
}

Tensor words_of(const char* name, const Mt19937& source) {
  const Mt19937::State& state = source.state();
  std::vector<std::int64_t> words(state.words.begin(), state.words.end());
  words.push_back(state.position);
  return integers(name, std::move(words));
}

void append_renamed(StateDict& to, const char* prefix, StateDict from) {
  for (Tensor& tensor : from) {
    tensor.name = prefix + tensor.name;
    to.push_back(std::move(tensor));
  }
}

/// The rows of the table of figures that checkpoints of the first format hold.
std::vector<const EpochFigure*> first_figures() {
  std::vector<const EpochFigure*> figures;
  for (const EpochFigure& figure : epoch_figures()) {
    if (figure.since_first_version) figures.push_back(&figure);
  }
  return figures;
}

/// The rows of the table of figures that `list` names, separated by commas.
std::vector<const EpochFigure*> figures_named(std::string_view list) {
  std::vector<const EpochFigure*> found;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string_view name = list.substr(begin, end - begin);
    const auto figures = epoch_figures();
    const auto figure = std::ranges::find(figures, name, &EpochFigure::name);
    if (figure == figures.end()) {
      throw Error(fmt::format("the checkpoint keeps a figure \"{}\", which this BART does not know", name));
    }
    found.push_back(&*figure);
    begin = end + 1;
  }
  return found;
}

std::string names_of_figures() {
  std::string names;
  for (const EpochFigure& figure : epoch_figures())
    names += (names.empty() ? "" : ",") + std::string(figure.name);
  return names;
}

/// Reads the parts of a decoded checkpoint. A missing part and a value out of range are Errors.
class Reader {
 public:
  explicit Reader(Safetensors content) : content_(std::move(content)) {}

  const std::string& text(const std::string& key) const {
    const auto found = content_.metadata.find(key);
    if (found == content_.metadata.end()) throw Error(fmt::format("the checkpoint does not say its {}", key));
    return found->second;
  }

  /// A whole number from `least` to `most`.
  std::int64_t whole(const std::string& key, std::int64_t least, std::int64_t most) const {
    const std::string& digits = text(key);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || value < least || value > most) {
      throw Error(fmt::format("the checkpoint's {} is \"{}\"", key, digits));
    }
    return value;
  }

  double real(const std::string& key) const {
    const std::string& digits = text(key);
    char* end = nullptr;
    const double value = std::strtod(digits.c_str(), &end);
    if (digits.empty() || end != digits.c_str() + digits.size()) {
      throw Error(fmt::format("the checkpoint's {} is \"{}\"", key, digits));
    }
    return value;
  }

  std::vector<std::int64_t> integers(const char* name) { return take<std::int64_t>(name); }
  std::vector<float> floats(const char* name) { return take<float>(name); }
  std::vector<double> doubles(const char* name) {
    std::vector<double> values;
    for (const std::int64_t bits : integers(name)) values.push_back(std::bit_cast<double>(bits));
    return values;
  }

  Mt19937 generator_of(const char* name) {
    const std::vector<std::int64_t> words = integers(name);
    Mt19937::State state{};
    bool good = words.size() == state.words.size() + 1;
    for (const std::int64_t word : words) {
      good = good && word >= 0 && word <= std::numeric_limits<std::uint32_t>::max();
    }
    if (!good || words.back() < 1 || words.back() > 624) {
      throw Error(fmt::format("the checkpoint's {} is not a state of MT19937", name));
    }
    std::transform(words.begin(), words.end() - 1, state.words.begin(),
                   [](std::int64_t word) { return static_cast<std::uint32_t>(word); });
    state.position = static_cast<std::uint32_t>(words.back());
    return Mt19937(state);
  }

  /// The tensors whose names begin with `prefix`, without it.
  StateDict below(std::string_view prefix) {
    StateDict found;
    for (Tensor& tensor : content_.tensors) {
      if (!tensor.name.starts_with(prefix)) continue;
      tensor.name.erase(0, prefix.size());
      found.push_back(std::move(tensor));
      tensor.name.clear();
    }
    return found;
  }

  const std::map<std::string, std::string>& metadata() const { return content_.metadata; }

 private:
  template <typename Value>
  std::vector<Value> take(const char* name) {
    for (Tensor& tensor : content_.tensors) {
      if (tensor.name != name) continue;
      if (auto* values = std::get_if<std::vector<Value>>(&tensor.values)) return std::move(*values);
      break;
    }
    throw Error(fmt::format("the checkpoint has no {}", name));
  }

  Safetensors content_;
};

TrainingProgress read_progress(Reader& reader) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  const auto pictures = static_cast<std::uint32_t>(reader.whole("train_pictures", 1, most));
  TrainingProgress progress{reader.generator_of(generator), {reader.generator_of(order), pictures}};
  progress.epoch = static_cast<int>(reader.whole("epoch", 1, most));
  progress.done = static_cast<std::uint64_t>(reader.whole("done", 0, pictures));
  progress.correct = static_cast<std::uint64_t>(reader.whole("correct", 0, pictures));
  progress.loss_sum = reader.real("loss_sum");
  progress.seconds = reader.real("seconds");

  const bool first_format = reader.text("format") == first_format_name;
  if (!first_format) {
    progress.gradient_norm_sum = reader.real("gradient_norm_sum");
    progress.ended_early = reader.whole("ended_early", 0, 1) == 1;
  }
  const std::vector<float> losses = reader.floats(step_losses);
  const std::vector<std::int64_t> epochs = reader.integers(step_epochs);
  const std::vector<double> none(losses.size());
  const std::vector<double> rates = first_format ? none : reader.doubles(step_rates);
  const std::vector<double> norms = first_format ? none : reader.doubles(step_norms);
  if (losses.size() != epochs.size() || losses.size() != rates.size() || losses.size() != norms.size()) {
    throw Error("the checkpoint does not hold the same number of each figure of its steps");
  }
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (epochs[i] < 1 || epochs[i] > progress.epoch) {
      throw Error(fmt::format("step {} of the checkpoint is of epoch {}", i + 1, epochs[i]));
    }
    progress.steps.push_back(
        {static_cast<std::int64_t>(i) + 1, static_cast<int>(epochs[i]), losses[i], rates[i], norms[i]});
  }
  const std::vector<const EpochFigure*> columns =
      first_format ? first_figures() : figures_named(reader.text("figures"));
  const std::vector<double> figures = reader.doubles(epoch_records);
  if (figures.size() != static_cast<std::size_t>(progress.epoch - 1) * columns.size()) {
    throw Error("the checkpoint does not hold the figures of all finished epochs");
  }
  for (std::size_t i = 0; i < figures.size() / columns.size(); ++i) {
    EpochRecord record{};
    record.epoch = static_cast<int>(i) + 1;
    for (std::size_t f = 0; f < columns.size(); ++f) {
      record.*(columns[f]->value) = figures[i * columns.size() + f];
    }
    progress.epochs.push_back(record);
  }
  return progress;
}

}  // namespace

std::vector<std::uint8_t> encode_checkpoint(Checkpoint checkpoint) {
  TrainingProgress& progress = checkpoint.training.progress;
  AdamState& adam = checkpoint.training.adam;
  Safetensors content;
  content.metadata = {
      {"format", format_name},
      {"version", checkpoint.version},
      {"train_pictures", fmt::format("{}", progress.order.size())},
      {"epoch", fmt::format("{}", progress.epoch)},
      {"done", fmt::format("{}", progress.done)},
      {"correct", fmt::format("{}", progress.correct)},
      {"loss_sum", fmt::format("{}", progress.loss_sum)},  // the shortest digits that give the double back
      {"seconds", fmt::format("{}", progress.seconds)},
      {"ended_early", progress.ended_early ? "1" : "0"},
      {"gradient_norm_sum", fmt::format("{}", progress.gradient_norm_sum)},
      {"figures", names_of_figures()},
      {"adam_steps", fmt::format("{}", adam.steps)},
      {average_updates, fmt::format("{}", checkpoint.training.average.updates)},
      {"data_classes", fmt::format("{:016x}", checkpoint.data.classes)}};
  for (const auto& [name, value] : checkpoint.settings) {
    content.metadata[std::string(setting_prefix) + name] = ascii(value);
  }

  std::vector<float> losses;
  std::vector<std::int64_t> epochs, rates, norms;
  for (const StepRecord& step : progress.steps) {
    losses.push_back(step.loss);
    epochs.push_back(step.epoch);
    rates.push_back(std::bit_cast<std::int64_t>(step.learning_rate));
    norms.push_back(std::bit_cast<std::int64_t>(step.gradient_norm));
  }
  std::vector<std::int64_t> figures;
  for (const EpochRecord& record : progress.epochs) {
    for (const EpochFigure& figure : epoch_figures()) {
      figures.push_back(std::bit_cast<std::int64_t>(record.*figure.value));
    }
  }
  append_renamed(content.tensors, model, std::move(checkpoint.training.model));
  append_renamed(content.tensors, exp_avg, std::move(adam.exp_avg));
  append_renamed(content.tensors, exp_avg_sq, std::move(adam.exp_avg_sq));
  append_renamed(content.tensors, average, std::move(checkpoint.training.average.model));
  const auto step_count = static_cast<std::int64_t>(losses.size());
  content.tensors.push_back({step_losses, {step_count}, std::move(losses)});
  content.tensors.push_back(integers(step_epochs, std::move(epochs)));
  content.tensors.push_back(integers(step_rates, std::move(rates)));
  content.tensors.push_back(integers(step_norms, std::move(norms)));
  content.tensors.push_back(integers(epoch_records, std::move(figures)));
  content.tensors.push_back(words_of(generator, progress.generator));
  content.tensors.push_back(words_of(order, progress.order.generator()));
  content.tensors.push_back(integers(data_names, std::move(checkpoint.data.names)));
  content.tensors.push_back(integers(data_pixels, std::move(checkpoint.data.pixels)));
  content.tensors.push_back({checksum, {1}, std::vector<std::int64_t>{0}});

  std::vector<std::uint8_t> file = encode_safetensors(std::move(content));
  const std::uint64_t sum = hash_of(std::span(file).first(file.size() - checksum_bytes));
  std::memcpy(file.data() + file.size() - checksum_bytes, &sum, checksum_bytes);
  return file;
}

Checkpoint decode_checkpoint(std::span<const std::uint8_t> file) {
  if (file.size() < checksum_bytes) throw Error("the file is cut short or damaged");
  std::uint64_t sum = 0;
  std::memcpy(&sum, file.data() + file.size() - checksum_bytes, checksum_bytes);
  if (sum != hash_of(file.first(file.size() - checksum_bytes))) {
    throw Error("the file is cut short or damaged");
  }
  Reader reader(decode_safetensors(file));
  if (reader.text("format") != format_name && reader.text("format") != first_format_name) {
    throw Error(fmt::format("its format is {}, which this BART does not know", reader.text("format")));
  }
  Checkpoint checkpoint{reader.text("version"), {}, {}, {read_progress(reader), {}, {}}};
  for (const auto& [key, value] : reader.metadata()) {
    if (key.starts_with(setting_prefix))
      checkpoint.settings[key.substr(setting_prefix.size())] = from_ascii(value);
  }
  const std::string& classes = reader.text("data_classes");
  const auto [end, error] =
      std::from_chars(classes.data(), classes.data() + classes.size(), checkpoint.data.classes, 16);
  if (error != std::errc{} || end != classes.data() + classes.size()) {
    throw Error(fmt::format("the checkpoint's data_classes is \"{}\"", classes));
  }
  checkpoint.data.names = reader.integers(data_names);
  checkpoint.data.pixels = reader.integers(data_pixels);
  if (checkpoint.data.names.size() != checkpoint.data.pixels.size()) {
    throw Error("the checkpoint's data set does not have one name per picture");
  }
  AdamState& adam = checkpoint.training.adam;
  adam.steps = reader.whole("adam_steps", 0, std::numeric_limits<std::int64_t>::max() - 1);
  checkpoint.training.model = reader.below(model);
  adam.exp_avg = reader.below(exp_avg);
  adam.exp_avg_sq = reader.below(exp_avg_sq);
  checkpoint.training.average.updates =
      reader.whole(average_updates, 0, std::numeric_limits<std::int64_t>::max() - 1);
  checkpoint.training.average.model = reader.below(average);
  return checkpoint;
}

}  // namespace bart
