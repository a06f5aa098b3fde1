#include "bart/engine/precision_text.h"

namespace bart {

const char* precision_text(Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return "bf16";
    case Precision::tf32:
      return "tf32";
    case Precision::f32:
      break;
  }
  return "f32";
}

}  // namespace bart
