#include "bart/record/version.h"

namespace bart {

const char* bart_version() {
  return BART_VERSION;
}

}  // namespace bart
