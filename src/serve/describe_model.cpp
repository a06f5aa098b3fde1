#include <fmt/format.h>

#include <filesystem>

#include "bart/formats/python_json.h"
#include "bart/platform/files.h"
#include "routes.h"

namespace bart {
namespace {

constexpr std::uint64_t most_example_bytes = 1 << 20;
constexpr std::uint64_t most_report_bytes = 64 << 20;

/// The report brings its own style and script. It is shown as a page of no site, so that they reach nothing
/// of this server (CSP, sandbox).
constexpr const char* report_policy =
    "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

std::string text_of_file(const std::filesystem::path& path, std::uint64_t limit) {
  try {
    const std::vector<std::uint8_t> bytes = read_file(path, limit);
    return {bytes.begin(), bytes.end()};
  } catch (const Error&) {  // the file's path is nobody's business
    throw HttpError(404, "the file is gone since the server began");
  }
}

std::string list_of(const auto& items, const auto& json_of) {
  std::string list;
  for (const auto& item : items) list += (list.empty() ? "" : ", ") + std::string(json_of(item));
  return "[" + list + "]";
}

}  // namespace

void answer_model(Service&, const std::shared_ptr<Call>& call) {
  const ServedModel& model = *call->model;
  const ModelCard& card = model.card;
  const std::string examples = list_of(
      card.examples, [](const std::filesystem::path& example) { return example.empty() ? "false" : "true"; });
  const std::string facts = list_of(card.facts, [](const std::pair<std::string, std::string>& fact) {
    return fmt::format("[{}, {}]", python_json_string(fact.first), python_json_string(fact.second));
  });
  call->respond(
      {.body = fmt::format(
           "{{\"name\": {}, \"version\": {}, \"image_size\": {}, \"classes\": {}, \"examples\": {}, "
           "\"facts\": {}, \"report\": {}}}\n",
           python_json_string(card.name), python_json_string(card.version), model.image_size,
           list_of(model.classes, python_json_string), examples, facts, !card.report.empty())});
}

void answer_example(Service&, const std::shared_ptr<Call>& call) {
  const std::vector<std::filesystem::path>& examples = call->model->card.examples;
  const auto number = whole_number(call->captured.at(0));
  if (!number || *number >= examples.size() || examples[*number].empty())
    throw HttpError(404, "there is no example of this class");
  call->respond({.content_type = "image/jpeg", .body = text_of_file(examples[*number], most_example_bytes)});
}

void answer_report(Service&, const std::shared_ptr<Call>& call) {
  const std::filesystem::path& report = call->model->card.report;
  if (report.empty()) throw HttpError(404, "there is no report of the training");
  call->respond({.content_type = "text/html; charset=utf-8",
                 .body = text_of_file(report, most_report_bytes),
                 .fields = {{"Content-Security-Policy", report_policy}, {"Referrer-Policy", "no-referrer"}}});
}

}  // namespace bart
