#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "bart/model/prediction_text.h"
#include "bart/platform/files.h"
#include "outputs.h"

namespace bart {

/// Where predictions go: of lines, each batch at once; of JSON, which is valid only as a whole, at the end.
/// Nothing is touched before the first batch is there.
class PredictionOutput {
 public:
  /// `named`: the user chose the path. "-" is stdout.
  PredictionOutput(std::filesystem::path path, bool named, PredictionFormat format);

  void add(std::string_view piece) { pending_ += piece; }
  void write_out();
  /// Returns the sentence about an earlier file of a name that the user did not choose; empty: there was
  /// none.
  std::string finish();

 private:
  std::filesystem::path path_;
  bool named_;  // by the user
  OutputFile::Appears appears_;
  std::string pending_;
  std::optional<EarlierOutput> earlier_;
  std::optional<OutputFile> file_;
};

}  // namespace bart
