#include "classify.h"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "bart/explain/overlay.h"
#include "bart/pictures/decode.h"
#include "bart/pictures/encode_png.h"
#include "bart/pictures/resize.h"
#include "http.h"

namespace bart {
namespace {

/// The longer side of an explained picture.
constexpr int shown_side = 320;

/// Sets status and reason. Whatever a picture does to the decoders is the sender's affair; a lack of memory
/// is the server's.
void set_failure(Classified& result, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const PictureError& error) {
    result.status = 400;
    result.reason = error.what();
  } catch (const std::bad_alloc&) {
    result.status = 503;
    result.reason = "the server is out of memory: try again later";
  } catch (const ClientLeftError& error) {
    result.status = 499;  // as nginx says it; no RFC has a status for it
    result.reason = error.what();
  } catch (const NotFiniteError& error) {
    result.status = 500;
    result.reason = error.what();
  } catch (const Error& error) {
    result.status = 503;
    result.reason = error.what();
  } catch (const std::exception& error) {
    result.status = 500;
    result.reason = error.what();
  }
}

}  // namespace

struct Classifier::Job {
  SharedModel model;
  ClassifyOptions options;
  std::vector<Classified> results;
  std::atomic<std::size_t> missing;
  std::function<void(std::vector<Classified>)> done;
};

Classifier::Classifier(int threads, std::size_t most_waiting, std::uint64_t most_pixels,
                       std::function<void(std::size_t)> on_batch,
                       std::function<void(std::string_view)> on_failure)
    : most_waiting_(most_waiting),
      most_pixels_(most_pixels),
      on_failure_(std::move(on_failure)),
      threads_(threads, std::move(on_batch)) {}

void Classifier::end() {
  threads_.end();
}

std::shared_ptr<Classifier::Job> Classifier::take(SharedModel model, std::size_t pictures,
                                                  const ClassifyOptions& options,
                                                  std::function<void(std::vector<Classified>)> done) {
  if (waiting_.fetch_add(pictures) + pictures > most_waiting_) {
    waiting_ -= pictures;
    throw HttpError(503, fmt::format("{} pictures wait already: try again later", most_waiting_),
                    {{"Retry-After", "1"}});
  }
  auto job = std::make_shared<Job>();
  job->model = std::move(model);
  job->options = options;
  job->results.resize(pictures);
  job->missing = pictures;
  job->done = std::move(done);
  return job;
}

void Classifier::classify(SharedModel model, std::vector<std::span<const std::uint8_t>> files,
                          const ClassifyOptions& options, std::function<void(std::vector<Classified>)> done) {
  const std::shared_ptr<Job> job = take(std::move(model), files.size(), options, std::move(done));
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      threads_.add([this, job, i, file = files[i]] { decode(job, i, file); });
    } catch (...) {
      set_failure(job->results[i], std::current_exception());
      finish(*job);
    }
  }
}

void Classifier::classify_pixels(SharedModel model, std::vector<std::vector<std::uint8_t>> pictures,
                                 ClientLeft client_left, std::function<void(std::vector<Classified>)> done) {
  const std::shared_ptr<Job> job =
      take(std::move(model), pictures.size(), {.client_left = std::move(client_left)}, std::move(done));
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    try {
      to_network(job, i, std::move(pictures[i]), {});
    } catch (...) {
      set_failure(job->results[i], std::current_exception());
      finish(*job);
    }
  }
}

void Classifier::decode(const std::shared_ptr<Job>& job, std::size_t i, std::span<const std::uint8_t> file) {
  const ServedModel& model = *job->model;
  const DecodeOptions options{.apply_exif_orientation = model.apply_exif_orientation,
                              .most_pixels = most_pixels_};
  try {
    Picture resized, shown;
    if (job->options.explained > 0) {
      const Picture whole = decode_picture(file, options).picture;
      resized = resize_picture(whole, model.image_size, model.image_size);
      shown = fit_picture(whole, shown_side);
    } else {
      resized = decode_resized(file, model.image_size, model.image_size, options).picture;
    }
    if (job->options.with_input) job->results[i].input_png = encode_png(resized);
    to_network(job, i, std::move(resized.pixels), std::move(shown));
  } catch (...) {
    set_failure(job->results[i], std::current_exception());
    finish(*job);
  }
}

void Classifier::to_network(const std::shared_ptr<Job>& job, std::size_t i, std::vector<std::uint8_t> pixels,
                            Picture shown) {
  threads_.add(NetworkInput{
      .model = job->model,
      .pixels = std::move(pixels),
      .explained = job->options.explained,
      .client_left = job->options.client_left,
      .done = [this, job, i, picture = std::make_shared<Picture>(std::move(shown))](NetworkAnswer answer) {
        Classified& result = job->results[i];
        if (answer.error) {
          set_failure(result, answer.error);
          return finish(*job);
        }
        result.probabilities = std::move(answer.probabilities);
        if (!answer.explanation) return finish(*job);
        // Other pictures do not wait until it is drawn.
        threads_.add([this, job, i, picture, explanation = std::move(*answer.explanation)] {
          try {
            for (std::size_t k = 0; k < explanation.classes.size(); ++k) {
              job->results[i].explained.push_back(
                  {explanation.classes[k], encode_png(overlay(*picture, explanation.maps[k]))});
            }
          } catch (...) {
            set_failure(job->results[i], std::current_exception());
          }
          finish(*job);
        });
      }});
}

void Classifier::finish(Job& job) {
  --waiting_;
  if (--job.missing > 0) return;
  try {
    for (const Classified& result : job.results) {
      if (result.status >= 500 && on_failure_) on_failure_("a picture was not classified: " + result.reason);
    }
    job.done(std::move(job.results));
  } catch (...) {  // out of memory: the connection gives up waiting after its time
  }
}

}  // namespace bart
