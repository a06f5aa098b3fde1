// A plugin of another version: it has another function than the program looks for.
extern "C" void* bart_open_gpu_0_0_0(int) {
  return nullptr;
}
