#include "gpu.h"

#include <string>
#include <utility>

#include "context.h"
#include "cuda_backend.h"
#include "gpu_speed.h"

namespace bart::cuda {
namespace {

class Gpu final : public Device {
 public:
  explicit Gpu(std::shared_ptr<const Context> context) : context_(std::move(context)) {}

  std::string name() const override { return context_->name(); }
  std::unique_ptr<Backend> backend(const Architecture& architecture, Precision training,
                                   Precision evaluation) override {
    return std::make_unique<CudaBackend>(context_, architecture, training, evaluation);
  }
  DeviceSpeed speed(Precision precision) override { return speed_of(context_, precision); }

 private:
  std::shared_ptr<const Context> context_;
};

}  // namespace

std::unique_ptr<Device> make_gpu(const Driver& driver, const void* image, int needed_version, int number) {
  return std::make_unique<Gpu>(std::make_shared<const Context>(driver, image, needed_version, number));
}

}  // namespace bart::cuda
