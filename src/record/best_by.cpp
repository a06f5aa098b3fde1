#include "bart/record/best_by.h"

namespace bart {

BestBy best_by(const RunSettings& settings) {
  return settings.best == "macro-f1" ? BestBy::macro_f1 : BestBy::accuracy;
}

}  // namespace bart
