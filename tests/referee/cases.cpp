#include "referee/cases.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "bart/dataset/batch_order.h"
#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "golden.h"
#include "places.h"

namespace bart::test {
namespace {

std::vector<double> numbers(const std::string& text) {
  std::vector<double> values;
  std::istringstream words(text);
  for (std::string word; words >> word;) values.push_back(std::stod(word));
  return values;
}

/// "32:0.25,64:0.4" or "-" for none.
template <class WidthAndDropout>
std::vector<WidthAndDropout> layers_from(const std::string& text) {
  std::vector<WidthAndDropout> layers;
  if (text == "-") return layers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t colon = part.find(':');
    layers.push_back({std::stoi(part.substr(0, colon)), std::stod(part.substr(colon + 1))});
  }
  return layers;
}

/// The first training batch of the subset.
std::optional<TrainingBatch> first_subset_batch() {
  const std::filesystem::path folder = shared_folder() / "data" / "simpsons_subset";
  if (!std::filesystem::exists(folder)) return std::nullopt;
  const Listing listing = list_folder(folder);
  const Split split = train_test_split(static_cast<std::uint32_t>(listing.pictures.size()), 0.2, 10);
  BatchOrder order(10, static_cast<std::uint32_t>(split.train.size()));
  const std::vector<std::uint32_t> epoch = order.next_epoch();
  Listing first = listing;
  first.pictures.clear();
  for (std::size_t i = 0; i < 32; ++i) first.pictures.push_back(listing.pictures[split.train[epoch[i]]]);
  LoadedPictures loaded = load_pictures(first, {.strict = true});
  const std::uint8_t* pixels = loaded.pixels.data();
  return TrainingBatch{{pixels, pixels + loaded.pixels.size()}, std::move(loaded.labels), 128};
}

}  // namespace

std::vector<const std::uint8_t*> TrainingBatch::pictures() const {
  std::vector<const std::uint8_t*> pointers;
  const std::size_t bytes = pixels.size() / labels.size();
  for (std::size_t i = 0; i < labels.size(); ++i) pointers.push_back(pixels.data() + i * bytes);
  return pointers;
}

std::vector<GeneratedCase> generated_cases() {
  std::vector<GeneratedCase> cases;
  for (const std::vector<std::string>& row : read_golden("referee_generated.tsv")) {
    if (row[1] == "architecture") {
      GeneratedCase& added = cases.emplace_back();
      added.name = row[0];
      std::istringstream words(row[2]);
      std::string blocks, hidden;
      words >> added.n >> added.architecture.classes >> added.architecture.image_size >> blocks >> hidden;
      added.architecture.blocks = layers_from<Block>(blocks);
      added.architecture.hidden = layers_from<Hidden>(hidden);
    } else if (row[1] == "seeds") {
      for (std::size_t i = 2; i < row.size(); ++i) {
        cases.back().seeds.push_back(static_cast<std::uint32_t>(std::stoul(row[i])));
      }
    } else {
      cases.back().facts[{row[1], row[2]}] = numbers(row[3]);
    }
  }
  return cases;
}

TrainingBatch generate_batch(const GeneratedCase& generated, Mt19937& words) {
  const auto size = static_cast<std::size_t>(generated.architecture.image_size);
  const auto n = static_cast<std::size_t>(generated.n);
  TrainingBatch batch{std::vector<std::uint8_t>(n * size * size * 3), std::vector<std::int32_t>(n),
                      generated.architecture.image_size};
  for (std::uint8_t& value : batch.pixels) value = static_cast<std::uint8_t>(words.next() & 255);
  const auto classes = static_cast<std::uint32_t>(generated.architecture.classes);
  for (std::int32_t& label : batch.labels) label = static_cast<std::int32_t>(words.next() % classes);
  return batch;
}

std::optional<SubsetStep> first_subset_step() {
  std::optional<TrainingBatch> batch = first_subset_batch();
  if (!batch) return std::nullopt;
  const Architecture architecture{.classes = 42};
  Mt19937 global(10);
  StateDict start = initial_state(architecture, global);
  DropoutMasks masks = draw_dropout_masks(architecture, 32, global);
  referee::Referee truth(architecture, start);
  const double loss = truth.forward_backward(referee::input_of(batch->pictures(), 128), batch->labels, masks);
  return SubsetStep{std::move(*batch), architecture,     std::move(start),
                    std::move(masks),  std::move(truth), loss};
}

Facts subset_facts() {
  Facts facts;
  for (const std::vector<std::string>& row : read_golden("referee_subset.tsv")) {
    facts[{row[1], row[2]}] = numbers(row[3]);
  }
  return facts;
}

bool is_noise(const std::string& name) {
  return name.starts_with("block") && (name.ends_with(".0.bias") || name.ends_with(".3.bias"));
}

}  // namespace bart::test
