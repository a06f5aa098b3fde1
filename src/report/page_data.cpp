#include <fmt/format.h>

#include <filesystem>
#include <span>
#include <utility>

#include "bart/html/html.h"
#include "bart/platform/counted.h"
#include "bart/platform/files.h"
#include "page_words.h"
#include "sections.h"

namespace bart {
namespace {

std::string facts(std::span<const std::pair<const char*, std::string>> rows) {
  std::string html = "<table class=\"facts\"><tbody>";
  for (const auto& [name, text] : rows)
    html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", name, text);
  return html + "</tbody></table>\n";
}

/// Text with line breaks, escaped.
std::string html_text_lines(const std::string& text) {
  std::string html;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    html += html_text(std::string_view(text).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return html;
}

}  // namespace

std::string data_section(const RunRecord& run) {
  std::string skipped;
  if (!run.skipped.empty()) {
    skipped = fmt::format(
        "<details><summary>{} skipped</summary><div class=\"scroll\"><table><thead><tr><th "
        "scope=\"col\">File</th><th scope=\"col\">Reason</th></tr></thead><tbody>\n",
        counted(run.skipped.size(), "file was", "files were"));
    for (const SkippedPicture& picture : run.skipped) {
      skipped += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", html_text(picture.file),
                             html_text(picture.reason));
    }
    skipped += "</tbody></table></div></details>\n";
  }
  const std::pair<const char*, std::string> data[] = {
      {"Folder", html_breakable(run.data_folder.string())},
      {"Pictures",
       fmt::format("{} in {}, {:.1f} MB", with_commas(run.pictures),
                   counted(run.classes.size(), "class", "classes"), 1e-6 * static_cast<double>(run.bytes))},
      {"Split",
       fmt::format(
           "{} to train on, {}{} to test{} ({})", with_commas(run.train_pictures),
           run.validation_pictures > 0 ? with_commas(run.validation_pictures) + " to validate on, " : "",
           with_commas(run.test_pictures), run.validation_pictures > 0 ? "" : " and to validate on",
           run.tells(run_setting("split"))
               ? fmt::format("{}, seed {}", html_text(run.settings.split), seed_of_split(run.settings))
               : "as the data set says")},
      {"Sizes", fmt::format("{}, all resized to {}x{}", counted(run.sizes, "size", "different sizes"),
                            run.settings.image_size, run.settings.image_size)},
      {"Converted to RGB", with_commas(run.converted.size())},
      {"Skipped", with_commas(run.skipped.size())},
  };
  const std::pair<const char*, std::string> how[] = {
      {"Steps", fmt::format("{} of {} pictures", with_commas(static_cast<std::uint64_t>(run.steps)),
                            run.settings.batch_size)},
      {"Computer", fmt::format("{}, {} ({})", html_text(run.machine.cpu), html_text(workers_text(run)),
                               html_text(run.machine.instructions))},
      {"Memory", fmt::format("{:.2f} GB at most", 1e-9 * static_cast<double>(run.peak_memory_bytes))},
      {"System", html_text(run.machine.system)},
  };
  std::vector<std::pair<const char*, std::string>> settings;
  for (const Setting& setting : run_settings()) {
    if (setting.effect == Effect::output || !run.tells(setting)) continue;
    settings.emplace_back(setting.label, html_breakable(shown_text(setting, run.settings)));
  }
  const std::span all(settings);
  const std::size_t half = (all.size() + 1) / 2;
  return html_section("data", "Data and settings",
                      "<div class=\"two\">" + facts(data) + facts(how) + "</div>\n" + skipped +
                          "<h3>Settings</h3>\n<div class=\"two\">" + facts(all.first(half)) +
                          facts(all.subspan(half)) + "</div>\n");
}

std::string augmentation_section(const RecordedRun& run) {
  if (!std::filesystem::exists(run.folder.augmented_pictures())) return {};
  return html_section(
      "augmentation", "What the network saw",
      fmt::format(
          "<p>Six training pictures as they are, on the left, and as they were changed in the first seven "
          "epochs.</p>\n<div class=\"scroll\"><img class=\"sheet\" alt=\"Training pictures, changed at "
          "random\" "
          "src=\"data:image/jpeg;base64,{}\"></div>\n<p><small>{}</small></p>\n",
          base64(read_file(run.folder.augmented_pictures())), html_breakable(run.record.settings.augment)));
}

std::string use_section(const std::string& model_card) {
  return html_section(
      "use", "Use the model",
      fmt::format("<p>From the folder that holds <code>{0}</code> and <code>{1}</code>:</p>\n"
                  "<code class=\"command\">bart predict picture.jpg --top-k 3  # the three most probable "
                  "classes\nbart explain picture.jpg            # the parts of the picture that count\nbart "
                  "evaluate other_pictures        # its accuracy on others, one folder per class\nbart "
                  "export --help                  # ONNX and safetensors, for other programs</code>\n"
                  "<p>The same model in PyTorch: <code>torch.load(\"{0}\", weights_only=True)</code> is its "
                  "state_dict. In C++: "
                  "<code>bart::Model::load(\"{0}\")</code>.</p>\n"
                  "<details><summary>Model card</summary><p>For those who receive the model from you: "
                  "<code>bart-run/{2}</code>, in Markdown.</p><pre class=\"command\">{3}</pre></details>\n",
                  RunFolder::model_name, RunFolder::labels_name, RunFolder::model_card_name,
                  html_text_lines(model_card)));
}

}  // namespace bart
