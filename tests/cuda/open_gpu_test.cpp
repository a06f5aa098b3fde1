#include "bart/cuda/open_gpu.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin.h"

namespace bart {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(OpenGpu, APluginOfAnotherVersionIsRefused) {
  EXPECT_THAT([] { open_gpu_with(OTHER_VERSION, 0); },
              ThrowsMessage<Error>(EndsWith("is of another version of BART: install the same version")));
}

TEST(OpenGpu, AFileThatIsNoPluginIsNamed) {
  EXPECT_THAT([] { open_gpu_with("/dev/null", 0); },
              ThrowsMessage<Error>(HasSubstr("cannot load /dev/null")));
}

TEST(OpenGpu, WithoutThePluginThePackageIsNamed) {
  // These tests lie in no folder beside which there is one.
  EXPECT_THAT([] { open_gpu(0); },
              ThrowsMessage<NoGpuError>(HasSubstr("install the package bart-trainer-cuda")));
}

#ifdef CUDA_PLUGIN
TEST(OpenGpu, ThePluginSaysWhatIsMissing) {
  if (void* driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
    ::dlclose(driver);
    GTEST_SKIP() << "NVIDIA's driver is here";
  }
  EXPECT_THAT([] { open_gpu_with(CUDA_PLUGIN, 0); },
              ThrowsMessage<NoGpuError>(HasSubstr("NVIDIA's driver is not installed: libcuda.so.1: ")));
}
#endif

}  // namespace
}  // namespace bart
