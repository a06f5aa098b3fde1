// The first convolutions of a training plan, picture by picture: a thread takes a picture through a
// convolution and what comes before and after it, so that what one writes is in the cache when the next reads
// it. What needs the whole batch (statistics, the sums of their gradients) comes between.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "training_plan.h"

namespace bart {
namespace {

constexpr const char* data_direction = " backward data";

}  // namespace

/// None where threads would wait long for those that have more pictures.
std::size_t TrainingPlan::convolutions_by_picture() const {
  if (n_ == 0 || slices_.cut()) return 0;
  const std::size_t wide = wide_convolutions(network_, &ConvolutionLayer::training);
  for (std::size_t i = 0; i < wide; ++i) {
    const std::optional<PictureKernel>& kernel = convolutions_[i].kernel.by_picture;
    const std::int64_t threads = network_.team.size;
    const auto shares = [&](std::int64_t parts) { return parts % threads == 0 || parts >= 8 * threads; };
    if (!kernel || !shares((n_ + kernel->part - 1) / kernel->part)) return i < 2 ? 0 : i;
  }
  return wide;
}

void TrainingPlan::plan_rooms(Convolution& first) {
  const ConvolutionLayer& layer = network_.convolutions.front();
  const std::size_t bytes =
      static_cast<std::size_t>(network_.team.size * layer.shape(1, network_.block).count()) *
      bytes_of(network_.precision);
  first.forward_rooms =
      layout_.add(layer.name + " activated, a picture per thread", bytes, forward_time(0), forward_time(0));
  first.backward_rooms = layout_.add(layer.name + " activated and its gradient, a picture per thread",
                                     2 * bytes, backward_time(0), backward_time(0));
  first.output = first.forward_rooms;
}

/// An operation that takes each picture through the kernels of convolution i for these directions and, with
/// i = 1, through the first convolution's.
void TrainingPlan::add_by_picture(std::size_t i, std::string name,
                                  std::initializer_list<const char*> directions, double bytes,
                                  PictureWork work) {
  double flops = 0, multiplications = 0;
  std::vector<std::string> kernels;
  const auto add_kernel = [&](const ConvolutionLayer& layer, const char* direction) {
    kernels.push_back(layer.name + direction);
    flops += layer.flops(n_);
    // The first layer's are direct and in f32, the others' are Winograd's: 36 for each 144.
    if (!layer.first) multiplications += layer.flops(n_) / 8;
    if (layer.first && network_.precision == Precision::f32) multiplications += layer.flops(n_) / 2;
  };
  for (const char* direction : directions) {
    if (i == 1 && std::string_view(direction) != data_direction)
      add_kernel(network_.convolutions[0], direction);
    add_kernel(network_.convolutions[i], direction);
  }
  const std::int64_t part = convolutions_[i].kernel.by_picture->part;
  operations_.push_back({std::move(name), "bart, picture by picture",
                         [team = network_.team, n = n_, part, work = std::move(work)] {
                           team.each_in_turn((n + part - 1) / part, [&](std::int64_t first, int thread) {
                             const std::int64_t end = std::min(n, (first + 1) * part);
                             for (std::int64_t k = first * part; k < end; ++k) work(k, thread);
                           });
                         },
                         flops, bytes, multiplications, network_.precision, std::move(kernels)});
}

/// What makes the source of convolution i for a picture, and says where it is.
TrainingPlan::PictureSource TrainingPlan::source_by_picture(std::size_t i, const TrainingMemory& m,
                                                            Parameters& parameters) {
  const ConvolutionLayer& before = network_.convolutions[i - 1];
  const ActivationShape shape = before.shape(1, network_.block);
  const std::int64_t numbers = shape.count();
  if (i == 1) {
    return [=, first = memory_of(0, parameters), forward = convolutions_[0].kernel.by_picture->forward,
            rooms = ActivationArray{bytes(convolutions_[0].forward_rooms), network_.precision}](
               std::int64_t picture, int thread) {
      const ActivationArray room = rooms.at(thread * numbers);
      forward(first, {.picture = picture, .thread = thread, .source = {}, .output = room});
      return room;
    };
  }
  if (!before.ends_block)
    return [=, source = m.source](std::int64_t picture, int) { return source.at(picture * numbers); };
  return [=, channels = channels_of(i - 1), keep = keep_of(i - 1), output = output_of(i - 1),
          activated = m.source](std::int64_t picture, int) {
    const ActivationArray source = activated.at(picture * numbers / 4);
    normalize_relu_pool_forward(Team{}, shape, output.at(picture * numbers), channels,
                                keep + picture * shape.channels, source);
    return source;
  };
}

void TrainingPlan::bind_forward_by_picture(std::size_t i, Parameters& parameters) {
  const TrainingMemory m = memory_of(i, parameters);
  const PictureKernel& kernel = *convolutions_[i].kernel.by_picture;
  add(kernel.prepare_forward(m));
  if (i == 0) return;
  const ConvolutionLayer& layer = network_.convolutions[i];
  const ConvolutionLayer& before = network_.convolutions[i - 1];
  const ActivationShape all = shape_of(i);
  auto* partial = reinterpret_cast<double*>(bytes(convolutions_[i].forward_sums));
  const std::string name = (i == 1              ? before.name + " + "
                            : before.ends_block ? before.norm_name + " + ReLU + pool + dropout, "
                                                : "") +
                           layer.name + " forward";
  add_by_picture(
      i, name, {" forward"},
      static_cast<double>(all.count()) * static_cast<double>(bytes_of(network_.precision)),
      [=, source = source_by_picture(i, m, parameters), forward = kernel.forward,
       one = layer.shape(1, network_.block)](std::int64_t picture, int thread) {
        const ActivationArray output = m.output.at(picture * one.count());
        forward(m,
                {.picture = picture, .thread = thread, .source = source(picture, thread), .output = output});
        batch_norm_sums(Team{}, one, output, batch_norm_partial(one, partial, picture));
      });
  add(layer.norm_name + " statistics", 0, [=, &slices = slices_] {
    batch_norm_statistics_of_sums(all, slices, m.values.norm_weight, m.values.norm_bias, m.running_mean,
                                  m.running_var, m.channels, partial);
  });
}

/// The sums of the BatchNorm after convolution i over some pictures, from the gradient dy of what follows it.
std::function<void(const Team&, const ActivationShape&, std::int64_t picture, ActivationArray dy)>
TrainingPlan::gradient_sums(std::size_t i) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  return [=, output = output_of(i), channels = channels_of(i), keep = keep_of(i), pool = layer.ends_block,
          numbers = layer.shape(1, network_.block).count(),
          partial = reinterpret_cast<double*>(bytes(convolutions_[i].backward_sums))](
             const Team& team, const ActivationShape& shape, std::int64_t picture, ActivationArray dy) {
    const ActivationArray x = output.at(picture * numbers);
    double* to = batch_norm_partial(shape, partial, picture);
    if (pool) {
      pool_gradient_sums(team, shape, dy, x, channels, keep + picture * shape.channels, to);
    } else {
      relu_gradient_sums(team, shape, dy, x, channels, to);
    }
  };
}

/// The gradients of convolution i for one picture, and what follows from that of its source.
std::function<void(PictureTask)> TrainingPlan::gradients_by_picture(std::size_t i, const TrainingMemory& m,
                                                                    Parameters& parameters) {
  const ConvolutionLayer& before = network_.convolutions[i - 1];
  const ActivationShape shape = before.shape(1, network_.block);
  const std::int64_t numbers = shape.count();
  const auto backward = convolutions_[i].kernel.by_picture->backward;
  if (i > 1) {
    return [=, sums = gradient_sums(i - 1),
            numbers = before.ends_block ? numbers / 4 : numbers](PictureTask task) {
      task.source = m.source.at(task.picture * numbers);
      task.source_gradient = m.source_gradient.at(task.picture * numbers);
      backward(m, task);
      sums(Team{}, shape, task.picture, task.source_gradient);
    };
  }
  return [=, first = memory_of(0, parameters), kernel = *convolutions_[0].kernel.by_picture,
          rooms =
              ActivationArray{bytes(convolutions_[0].backward_rooms), network_.precision}](PictureTask task) {
    PictureTask of_first{.picture = task.picture, .thread = task.thread, .source = {}, .output = {}};
    task.source = of_first.output = rooms.at(2 * task.thread * numbers);
    kernel.forward(first, of_first);
    task.source_gradient = of_first.output = rooms.at((2 * task.thread + 1) * numbers);
    backward(m, task);
    kernel.backward(first, of_first);
  };
}

void TrainingPlan::bind_backward_by_picture(std::size_t i, Parameters& parameters) {
  const TrainingMemory m = memory_of(i, parameters);
  const PictureKernel& kernel = *convolutions_[i].kernel.by_picture;
  if (i == 0) {
    add(kernel.finish_backward(m));
    return;
  }
  const ConvolutionLayer& layer = network_.convolutions[i];
  const ConvolutionLayer& before = network_.convolutions[i - 1];
  const ActivationShape all = shape_of(i);
  const ActivationArray dy = activated_of(i);  // now holds the gradient
  auto* partial = reinterpret_cast<double*>(bytes(convolutions_[i].backward_sums));
  const std::string norm = layer.norm_name + (layer.ends_block ? " + ReLU + pool + dropout" : " + ReLU");
  const double output_bytes =
      static_cast<double>(all.count()) * static_cast<double>(bytes_of(network_.precision));
  if (!by_picture(i + 1)) {
    add(norm + " sums backward", output_bytes,
        [=, team = network_.team, sums = gradient_sums(i)] { sums(team, all, 0, dy); });
  }
  add(layer.norm_name + " backward", 0, [=, &slices = slices_] {
    batch_norm_gradients(all, slices, m.values.norm_weight, m.channels, m.gradients.norm_weight,
                         m.gradients.norm_bias, partial);
  });
  add(kernel.prepare_backward(m));
  add_by_picture(i, fmt::format("{}, {}{} backward", norm, layer.name, i == 1 ? " + " + before.name : ""),
                 {" backward weights", data_direction}, 2 * output_bytes,
                 [=, one = layer.shape(1, network_.block), pool = layer.ends_block, keep = keep_of(i),
                  factors = batch_norm_factors(all, slices_, partial),
                  gradients = gradients_by_picture(i, m, parameters)](std::int64_t picture, int thread) {
                   const std::int64_t numbers = one.count();
                   const ActivationArray output = m.output.at(picture * numbers);
                   if (pool) {
                     pool_gradient(Team{}, one, dy.at(picture * numbers / 4), m.channels,
                                   keep + picture * one.channels, factors, output);
                   } else {
                     relu_gradient(Team{}, one, dy.at(picture * numbers), m.channels, factors, output);
                   }
                   gradients({.picture = picture, .thread = thread, .source = {}, .output = output});
                 });
  add(kernel.finish_backward(m));
}

}  // namespace bart
