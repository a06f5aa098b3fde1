#include "bart/model/model_agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "bart/model/find_model.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

ModelAgreement::ModelAgreement(const Model& first, const std::filesystem::path& name,
                               const std::vector<std::filesystem::path>& others, const ModelOptions& options,
                               const std::function<void(const std::string&)>& warn)
    : first_(&first), names_({name.string()}) {
  for (const std::filesystem::path& path : others) {
    models_.push_back(
        Model(named_as(read_model(find_model(path), options.labels, warn), first.classes()), options));
    if (models_.back().classes() != first.classes()) {
      throw Error(fmt::format("{} has other classes than the first model", path.string()));
    }
    names_.push_back(path.string());
  }
  for (std::size_t one = 0; one < names_.size(); ++one) {
    for (std::size_t other = one + 1; other < names_.size(); ++other) pairs_.push_back({one, other});
  }
}

void ModelAgreement::predict(std::span<const PictureFile> files, const PredictFilesOptions& options) {
  rows_.clear();
  for (const Model& model : models_) {
    auto& rows = rows_.emplace_back();
    predict_files(model, files, options, [&](const FilePrediction& prediction) {
      rows.emplace_back(prediction.probabilities.begin(), prediction.probabilities.end());
    });
  }
}

JointPrediction ModelAgreement::joint(std::size_t i, std::span<const float> first) {
  JointPrediction joint{{first.begin(), first.end()}, {}};
  if (first.size() != first_->classes().size())
    throw Error(
        fmt::format("{} probabilities do not fit {} classes", first.size(), first_->classes().size()));
  if (none()) return joint;
  if (rows_.empty()) throw Error("the further models have predicted nothing yet");
  const auto take = [&](std::span<const float> row) {
    joint.by_model.push_back(
        first_->classes()[static_cast<std::size_t>(std::ranges::max_element(row) - row.begin())]);
  };
  take(first);
  for (const auto& rows : rows_) {
    if (i >= rows.size()) throw Error(fmt::format("there is no prediction {} of {}", i, rows.size()));
    if (rows[i].size() != first.size()) throw Error("a picture has changed while it was classified");
    take(rows[i]);
    for (std::size_t k = 0; k < first.size(); ++k) joint.mean[k] += rows[i][k];
  }
  for (float& value : joint.mean) value /= static_cast<float>(models_.size() + 1);
  ++pictures_;
  const auto& said = joint.by_model;
  agreed_ += std::ranges::count(said, said.front()) == std::ssize(said);
  for (Pair& pair : pairs_) pair.agreed += said[pair.one] == said[pair.other];
  return joint;
}

std::vector<std::string> ModelAgreement::sentences() const {
  std::vector<std::string> all = {fmt::format(
      "The {} models agree on {} of {} ({:.1f} %); the answers come from their mean probabilities",
      names_.size(), agreed_, counted(pictures_, "image", "images"), 100 * share(agreed_, pictures_))};
  if (pairs_.size() == 1) return all;
  for (const Pair& pair : pairs_) {
    all.push_back(fmt::format("{} and {} agree on {} ({:.1f} %)", names_[pair.one], names_[pair.other],
                              pair.agreed, 100 * share(pair.agreed, pictures_)));
  }
  return all;
}

std::string ModelAgreement::json() const {
  std::string json = fmt::format(R"({{"pictures": {}, "all_agree": {}, "share": {:.6g}, "pairs": [)",
                                 pictures_, agreed_, share(agreed_, pictures_));
  for (const Pair& pair : pairs_) {
    fmt::format_to(std::back_inserter(json), R"({}{{"models": [{}, {}], "agree": {}, "share": {:.6g}}})",
                   &pair == &pairs_.front() ? "" : ", ", pair.one, pair.other, pair.agreed,
                   share(pair.agreed, pictures_));
  }
  return json + "]}";
}

}  // namespace bart
