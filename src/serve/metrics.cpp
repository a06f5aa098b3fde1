#include "metrics.h"

#include <fmt/format.h>

#include <iterator>

#include "routes.h"

namespace bart {
namespace {

void add_heading(std::string& text, const char* name, const char* type, const char* help) {
  fmt::format_to(std::back_inserter(text), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

template <typename Value>
void add_value(std::string& text, const char* name, const char* type, const char* help, Value value) {
  add_heading(text, name, type, help);
  fmt::format_to(std::back_inserter(text), "{} {}\n", name, value);
}

template <std::size_t n>
void add_histogram(std::string& text, const char* name, const char* help, const Histogram<n>& histogram) {
  add_heading(text, name, "histogram", help);
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i < n; ++i) {
    up_to += histogram.counts[i];
    fmt::format_to(std::back_inserter(text), "{}_bucket{{le=\"{}\"}} {}\n", name, histogram.bounds[i], up_to);
  }
  fmt::format_to(std::back_inserter(text), "{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n",
                 name, histogram.count, histogram.sum);
}

/// The value of a label (Prometheus' exposition formats: \, " and line breaks are escaped).
std::string label_value(const std::string& text) {
  std::string value;
  for (const char c : text) {
    if (c == '\\' || c == '"') value += '\\';
    if (c == '\n') {
      value += "\\n";
    } else {
      value += c;
    }
  }
  return value;
}

}  // namespace

void Metrics::add_response(int status, double seconds) {
  const std::scoped_lock lock(mutex_);
  ++responses_[status];
  seconds_.add(seconds);
}

void Metrics::add_pictures(std::size_t count) {
  const std::scoped_lock lock(mutex_);
  pictures_ += count;
}

void Metrics::add_batch(std::size_t size) {
  const std::scoped_lock lock(mutex_);
  batches_.add(static_cast<double>(size));
}

void Metrics::add_connection(int change) {
  const std::scoped_lock lock(mutex_);
  connections_ += change;
}

void Metrics::add_dropped() {
  const std::scoped_lock lock(mutex_);
  ++dropped_;
}

void Metrics::add_reload(bool success) {
  const std::scoped_lock lock(mutex_);
  ++(success ? reloads_ : failed_reloads_);
}

std::string Metrics::text(const Gauges& gauges) const {
  const std::scoped_lock lock(mutex_);
  std::string text;
  add_heading(text, "bart_http_responses_total", "counter", "Responses by status code.");
  for (const auto& [status, count] : responses_)
    fmt::format_to(std::back_inserter(text), "bart_http_responses_total{{code=\"{}\"}} {}\n", status, count);
  add_histogram(text, "bart_http_response_seconds", "Time from the head of a request to its response.",
                seconds_);
  add_histogram(text, "bart_batch_pictures", "Pictures in each batch of the network.", batches_);
  add_value(text, "bart_pictures_total", "counter", "Pictures received in requests.", pictures_);
  add_value(text, "bart_waiting_pictures", "gauge", "Pictures that are accepted and not yet answered.",
            gauges.waiting_pictures);
  add_value(text, "bart_connections", "gauge", "Open connections.", connections_);
  add_value(text, "bart_dropped_connections_total", "counter",
            "Connections that the server closed before a request was whole.", dropped_);
  add_heading(text, "bart_model_reloads_total", "counter", "Models loaded while serving, by result.");
  fmt::format_to(std::back_inserter(text),
                 "bart_model_reloads_total{{result=\"success\"}} {}\n"
                 "bart_model_reloads_total{{result=\"failure\"}} {}\n",
                 reloads_, failed_reloads_);
  add_heading(text, "bart_model_info", "gauge", "1; the labels name the model that answers.");
  fmt::format_to(std::back_inserter(text), "bart_model_info{{name=\"{}\",version=\"{}\"}} 1\n",
                 label_value(gauges.model_name), label_value(gauges.model_version));
  return text;
}

void answer_metrics(Service& service, const std::shared_ptr<Call>& call) {
  call->respond({.content_type = "text/plain; version=0.0.4; charset=utf-8",
                 .body = service.metrics().text({.waiting_pictures = service.classifier().waiting(),
                                                 .model_name = call->model->card.name,
                                                 .model_version = call->model->card.version})});
}

}  // namespace bart
