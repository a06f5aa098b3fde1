#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bart/record/run_record.h"
#include "bart/training/metrics.h"
#include "bart/training/predictions.h"
#include "shown_pictures.h"

namespace bart {

// The parts of the report, each as HTML; an empty text is a part that this training does not have. `set`
// names the pictures that were predicted: "test" or "validation".

/// The title, how far the training is, and its command.
std::string page_header(const RunRecord& run);

/// The most important figures. `evaluation` is nullptr as long as nothing has been predicted.
std::string figure_cards(const RunRecord& run, const Evaluation* evaluation, std::string_view set);

std::string warning_list(const RunRecord& run);

/// What a page that is not complete lacks, why, and when it comes.
std::string missing_parts(const RecordedRun& run, bool has_predictions);

/// The course of the training in sentences, its curves, and a row for each epoch.
std::string training_section(const RecordedRun& run, const ConfusionMatrix* matrix);

/// The best and the last epoch and the models of both, side by side.
std::string models_section(const RunRecord& run);

std::string confusion_section(const RunRecord& run, const ConfusionMatrix& matrix);

std::string class_section(const RunRecord& run, const ClassificationReport& report, std::string_view set);

/// For each class the trade between precision and recall, and the threshold for a wanted precision.
std::string precision_section(const RunRecord& run, const Predictions& predictions);

/// The test pictures in the plane, by the outputs of the network. `files` [n] are their names.
std::string map_section(const RunRecord& run, const Predictions& predictions,
                        std::span<const std::string> files);

std::string uncertain_section(const RunRecord& run, std::span<const ShownPicture> uncertain);

std::string calibration_section(const Calibration& calibration);

std::string augmentation_section(const RecordedRun& run);

std::string data_section(const RunRecord& run);

/// How to use the model, and its card, a text in Markdown.
std::string use_section(const std::string& model_card);

}  // namespace bart
